from django.urls import path

from rapport.touchpoints.channels.email.views import mailboxes

app_name = "email"
urlpatterns = [
    path("settings/mailboxes/", mailboxes.mailbox_list, name="mailboxes"),
    path("settings/mailboxes/new/", mailboxes.new_mailbox, name="new-mailbox"),
    path("settings/mailboxes/<uuid:mailbox_id>/", mailboxes.mailbox, name="mailbox"),
    path("settings/mailboxes/<uuid:mailbox_id>/test/", mailboxes.test, name="test-mailbox"),
    path("settings/mailboxes/<uuid:mailbox_id>/pause/", mailboxes.pause, name="pause-mailbox"),
    path("settings/mailboxes/<uuid:mailbox_id>/resume/", mailboxes.resume, name="resume-mailbox"),
    path("settings/mailboxes/<uuid:mailbox_id>/remove/", mailboxes.remove, name="remove-mailbox"),
]
