"""Page config and navigation, nothing else; and for the server, which imports this file once, what it does at start."""

import streamlit as st
from starlette.middleware import Middleware

from ui.exchange import handout, receive
from ui.frame import nav, nested, wake

if __name__ == "__main__":  # a visitor's session runs the file
    st.set_page_config(page_title="Thaw", page_icon="❄️", layout="wide", initial_sidebar_state="auto")
    page = nav.navigation()
    with nav.inside():
        page.run()
else:
    routes = [*receive.routes(), *handout.routes()]
    app = st.App(__file__, lifespan=wake.lifespan, routes=routes, middleware=[Middleware(nested.Nested)])
