"""What the pages share. Nothing here trains or counts: that is asked of ftcore."""
