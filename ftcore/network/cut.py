"""Cuts a network into blocks: wherever a single tensor carries all that was computed so far.

`torch.fx` writes a model's forward pass down as a graph. Between two steps of it a network can be cut if one tensor alone
is needed from there on; inside a residual block that is never so, since the shortcut is a second one. What lies between
cuts is grouped into blocks by the weights it holds. This module knows nothing about which networks there are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.node import map_arg

from ftcore.errors import FtError
from ftcore.settings import HEAD

_LISTS = (nn.Sequential, nn.ModuleList)
_NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
_WEIGHTED = (nn.modules.conv._ConvNd, nn.Linear)


@dataclass(frozen=True, eq=False)
class Segment:
    """Steps of a graph between two cuts: from the value `entry` alone they compute the value `result`."""

    entry: fx.Node
    nodes: tuple[fx.Node, ...]
    result: fx.Node

    @property
    def paths(self) -> tuple[str, ...]:
        """The modules it calls, in order."""
        return tuple(str(node.target) for node in self.nodes if node.op == "call_module")

    @property
    def own(self) -> tuple[str, ...]:
        """The parameters it takes from outside of those modules, such as a class token."""
        return tuple(str(node.target) for node in self.nodes if node.op == "get_attr")

    @property
    def module(self) -> str | None:
        """The path of the module that it consists of, None if there is more to it."""
        (first, *more) = self.nodes
        alone = not more and first.op == "call_module" and first.args == (self.entry,) and not first.kwargs
        return str(first.target) if alone else None


BODY = ("conv", "attention", "mix")


@dataclass(frozen=True, eq=False)
class Block:
    """A stretch of the network. `kind` is stem, one of `BODY`, pool, hidden or head."""

    name: str
    kind: str
    segments: tuple[Segment, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """Its modules, in the order in which they run."""
        return tuple(path for segment in self.segments for path in segment.paths)

    @property
    def own(self) -> tuple[str, ...]:
        """Its parameters that stand outside of its modules."""
        return tuple(path for segment in self.segments for path in segment.own)


class _Tracer(fx.Tracer):
    """Goes into lists of blocks, and into whatever holds the last linear layer; blocks themselves stay whole."""

    def __init__(self, head: str) -> None:
        super().__init__()
        self.head = head

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        path = module_qualified_name
        return path == self.head or not (self.head.startswith(f"{path}.") or _is_stage(m))


def _is_stage(module: nn.Module) -> bool:
    """A list of blocks; a list with a single layer in it and its norm (ConvNeXt's downsampling) is one layer."""
    if type(module) in _LISTS:
        layers = [isinstance(child, _WEIGHTED) for child in module.children()]
        return any(True for child in module.children() if list(child.children())) or sum(layers) != 1
    return any(name in ("blocks", "layers", "stages") and type(m) in _LISTS for name, m in module.named_children())


def cut(model: nn.Module, shape: tuple[int, ...], head: str | None = None) -> tuple[Block, ...]:
    """The blocks of a model on torch's meta device, for images of this shape (channels, height, width).

    `head` is the path of its last linear layer, looked for if not given. Raises `FtError` with the reason where no
    blocks can be found that hold all weights and end in a linear layer.
    """
    linear = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    head = linear[-1] if head is None and linear else head
    if head is None or head not in linear:
        raise FtError("it does not end in one linear layer")
    known = {name for name, _ in (*model.named_parameters(), *model.named_buffers())}
    try:
        _, *others = inspect.signature(model.forward).parameters.values()
        graph = _Tracer(head).trace(model.eval(), {one.name: one.default for one in others})
        graph = fx.GraphModule(model, graph).graph
        for node in graph.find_nodes(op="placeholder")[1:]:
            _erase(graph, node)  # and with it what makes sure that it has its default
        graph.eliminate_dead_code()
        if not known.issuperset(str(node.target) for node in graph.find_nodes(op="get_attr")):
            raise FtError("its forward pass makes tensors that are no part of the model")
    except FtError:
        raise
    except Exception as error:  # a forward pass may hold anything; torch raises as many kinds
        raise FtError("its forward pass cannot be written down as a graph") from error
    segments = list(_segments(graph))
    if not segments or list(graph.nodes)[-1].args != (segments[-1].result,):
        raise FtError("it gives back more than one tensor")
    try:
        return _Grouping(model, segments, shape, head).blocks()
    except FtError:
        raise
    except Exception as error:
        raise FtError("its blocks cannot be run one after the other") from error


def _erase(graph: fx.Graph, node: fx.Node) -> None:
    for user in list(node.users):
        _erase(graph, user)
    graph.erase_node(node)


def _segments(graph: fx.Graph) -> Iterator[Segment]:
    """The graph between every two places at which a single value is alive."""
    for node in [node for node in graph.nodes if node.op == "get_attr"]:
        min(node.users, key=list(graph.nodes).index).prepend(node)  # a weight belongs to where it is used
    steps = list(graph.nodes)
    last = {source: at for at, node in enumerate(steps) for source in node.all_input_nodes}
    entry, pending, alive = steps[0], list[fx.Node](), {steps[0]}
    for at, node in enumerate(steps[1:-1], 1):
        pending.append(node)
        alive = {value for value in (*alive, node) if last.get(value, -1) > at}
        if len(alive) == 1 and entry not in alive:
            (result,) = alive
            yield Segment(entry, tuple(pending), result)
            entry, pending = result, []


def compute(
    segment: Segment, x: Tensor, modules: Mapping[str, Callable[..., Any]], own: Mapping[str, Tensor]
) -> Tensor:
    """What a segment makes of the value that it begins with, with these modules and parameters by their path."""
    values: dict[fx.Node, Any] = {segment.entry: x}
    for node in segment.nodes:
        args, more = map_arg((node.args, dict(node.kwargs)), values.__getitem__)
        target: Any = node.target
        match node.op:
            case "call_module":
                values[node] = modules[target](*args, **more)
            case "get_attr":
                values[node] = own[target]
            case "call_method":
                values[node] = getattr(args[0], target)(*args[1:], **more)
            case _:
                values[node] = target(*args, **more)
    result: Tensor = values[segment.result]
    return result


def located(model: nn.Module, path: str) -> Tensor:
    """A parameter or buffer by its path."""
    parent, _, name = path.rpartition(".")
    tensor: Tensor = getattr(model.get_submodule(parent), name)
    return tensor


class _Grouping:
    """Segments in order become blocks: stem, body, pool, hidden layers, head."""

    def __init__(self, model: nn.Module, segments: Sequence[Segment], shape: tuple[int, ...], head: str) -> None:
        self.model, self.head = model, head
        self.modules = {path: model.get_submodule(path) for one in segments for path in one.paths}
        self.segments, self.shapes = self._run(segments, torch.empty(1, *shape, device="meta"))

    def _run(self, segments: Sequence[Segment], x: Tensor) -> tuple[list[Segment], list[torch.Size]]:
        """Segments that end in a tensor, and the shape of it for one image."""
        own = {path: located(self.model, path) for one in segments for path in one.own}
        kept, shapes = list[Segment](), list[torch.Size]()
        waiting: tuple[fx.Node, ...] = ()
        with torch.no_grad():
            for segment in segments:
                one = Segment(
                    kept[-1].result if kept else segments[0].entry, (*waiting, *segment.nodes), segment.result
                )
                y = compute(one, x, self.modules, own)
                if not isinstance(y, Tensor):  # a list of maps: cut where they have come together
                    waiting = one.nodes
                    continue
                x, waiting = y, ()
                kept.append(one)
                shapes.append(x.shape[1:])
        return kept, shapes

    def blocks(self) -> tuple[Block, ...]:
        """All of them; raises `FtError` where a weight is in none, or in two."""
        (end,) = (at for at, segment in enumerate(self.segments) if self.head in segment.paths)
        if self.segments[end].module != self.head or any(map(self._starts, self.segments[end + 1 :])):
            raise FtError("it does not end in one linear layer")
        pool, behind = self._pool(end)
        stem, *body = self._parted(range(pool))
        hidden = self._parted(range(behind, end))
        rest = tuple(self.segments[end:])
        while hidden and not self._starts(hidden[-1][0]):  # such as dropout: it belongs to the head
            rest = (*hidden.pop(), *rest)
        found = (
            Block("stem", "stem", stem),
            *(Block(part[0].paths[0], self._kind(part), part) for part in body),
            *([Block("pool", "pool", tuple(self.segments[pool:behind]))] if behind > pool else []),
            *(Block(f"hidden{at}", "hidden", part) for at, part in enumerate(hidden, 1)),
            Block(HEAD, "head", rest),
        )
        self._check(found)
        return found

    def _parted(self, places: range) -> list[tuple[Segment, ...]]:
        """Segments in stretches, each beginning with weights that are not those of a norm."""
        parts: list[list[Segment]] = []
        for segment in (self.segments[at] for at in places):
            if not parts or (self._starts(segment) and any(map(self._starts, parts[-1]))):
                parts.append([])
            parts[-1].append(segment)
        return [tuple(part) for part in parts]

    def _starts(self, segment: Segment) -> bool:
        held = [self.modules[path] for path in segment.paths]
        return any(not isinstance(m, _NORMS) and any(True for _ in m.parameters()) for m in held)

    def _flat(self, at: int) -> bool:
        return sum(side > 1 for side in self.shapes[at]) <= 1

    def _pool(self, end: int) -> tuple[int, int]:
        """Where the places of a map become one: the first segment of it, and the one behind it."""
        flat = next((at for at in range(end) if self._flat(at) and not self._starts(self.segments[at])), end)
        first = 1 + max((at for at in range(flat) if self._starts(self.segments[at])), default=0)
        last = self.segments[first - 1].module
        home = last.rpartition(".")[0] if last else ""
        bare = last is not None and not list(self.modules[last].children())
        while first < flat and (self._beside(first, home) or (bare and self.shapes[first] == self.shapes[first - 1])):
            first += 1
        behind = flat
        while behind < end and not self._starts(self.segments[behind]) and not self._drops(self.segments[behind]):
            behind += 1
        return first, behind

    def _beside(self, at: int, home: str) -> bool:
        """Does a segment stand in the same list as the block before, as the last pooling of a VGG does?"""
        path = self.segments[at].module or ""
        return bool(home) and path.rpartition(".")[0] == home and type(self.model.get_submodule(home)) is nn.Sequential

    def _drops(self, segment: Segment) -> bool:
        return any(isinstance(self.modules[path], nn.Dropout) for path in segment.paths)

    def _kind(self, part: Sequence[Segment]) -> str:
        inner = [m for segment in part for path in segment.paths for m in self.modules[path].modules()]
        if any("Attention" in type(m).__name__ for m in inner):
            return "attention"
        return "conv" if any(isinstance(m, nn.modules.conv._ConvNd) for m in inner) else "mix"

    def _check(self, found: Sequence[Block]) -> None:
        held = [weight for block in found for weight in self._held(block)]
        known = {id(weight) for weight in held}
        if left := [key for key, weight in self.model.named_parameters() if id(weight) not in known]:
            raise FtError(f"'{left[0]}' is in no block: there is more to it than a row of blocks")
        if len(held) != len(known):
            raise FtError("two of its blocks share weights")

    def _held(self, block: Block) -> Iterator[nn.Parameter]:
        yield from (p for path in block.own if isinstance(p := located(self.model, path), nn.Parameter))
        for path in block.paths:
            yield from self.modules[path].parameters()
