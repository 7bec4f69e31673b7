"""Page config and navigation, nothing else."""

import streamlit as st

from ui import nav

st.set_page_config(page_title="Thaw", page_icon="❄️", layout="wide", initial_sidebar_state="auto")
page = nav.navigation()
with nav.inside():
    page.run()
