"""A window around WebKit, as Safari is one: it tells of each navigation, and opens no app itself."""

import argparse
import ctypes
import json
import signal

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gdk, Gtk, WebKit2

options = argparse.ArgumentParser()
options.add_argument("--folder", required=True)
options.add_argument("--width", type=int, required=True)
options.add_argument("--height", type=int, required=True)
options.add_argument("--language", required=True)
options.add_argument("--dark", action="store_true")
options.add_argument("--no-script", action="store_true")
options = options.parse_args()

PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

log = open(f"{options.folder}/traffic.jsonl", "a", buffering=1, encoding="utf-8")


def note(**fields):
    log.write(json.dumps(fields) + "\n")


def decide(view, decision, kind):
    if kind == WebKit2.PolicyDecisionType.RESPONSE:
        return False
    action = decision.get_navigation_action()
    url = action.get_request().get_uri()
    note(document=url, gesture=action.is_user_gesture())
    if url.split(":")[0] in ("http", "https", "about"):
        return False
    note(opened=url)
    decision.ignore()
    return True


def loading(view, resource, request):
    if resource != view.get_main_resource():
        note(other=request.get_uri())


def open_view(session):
    settings = WebKit2.Settings(
        enable_javascript=not options.no_script,
        enable_write_console_messages_to_stdout=True,
    )
    view = WebKit2.WebView(web_context=context, is_controlled_by_automation=True, settings=settings)
    view.connect("decide-policy", decide)
    view.connect("resource-load-started", loading)
    window = Gtk.Window(decorated=False, default_width=options.width, default_height=options.height)
    window.add(view)
    # Without a window manager, nobody else gives it the keyboard: the page would show no focus.
    window.connect("map-event", lambda *_: window.get_window().focus(Gdk.CURRENT_TIME))
    window.show_all()
    return view


def automate(context, session):
    session.connect("create-web-view", open_view)


Gtk.Settings.get_default().set_property("gtk-application-prefer-dark-theme", options.dark)
# An ephemeral context would keep its console to itself.
data = WebKit2.WebsiteDataManager(base_data_directory=options.folder, base_cache_directory=options.folder)
context = WebKit2.WebContext(website_data_manager=data)
context.set_preferred_languages([options.language])
context.set_automation_allowed(True)
context.connect("automation-started", automate)
Gtk.main()
