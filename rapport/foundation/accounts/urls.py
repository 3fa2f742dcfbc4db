from django.urls import path

from rapport.foundation.accounts.views import front, people, sessions, workspaces

app_name = "accounts"
urlpatterns = [
    path("", front.front, name="front"),
    path("account/", people.profile, name="profile"),
    path("account/sessions/<int:session_id>/end/", sessions.end, name="end-session"),
    path("account/workspaces/new/", workspaces.new_workspace, name="new-workspace"),
]
