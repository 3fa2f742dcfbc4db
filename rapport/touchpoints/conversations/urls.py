from django.urls import path

from rapport.touchpoints.conversations.views import composer, outbox

app_name = "conversations"
urlpatterns = [
    path("customers/<uuid:customer_id>/email/", composer.compose, name="write"),
    path("customers/<uuid:customer_id>/email/permission/", composer.permission, name="permission"),
    path("outbox/", outbox.messages, name="outbox"),
    path("outbox/<uuid:message_id>/", outbox.message, name="message"),
    path("outbox/<uuid:message_id>/cancel/", outbox.cancel, name="cancel"),
    path("outbox/<uuid:message_id>/pause/", outbox.pause, name="pause"),
    path("outbox/<uuid:message_id>/resume/", outbox.resume, name="resume"),
    path("outbox/<uuid:message_id>/arrived/", outbox.arrived, name="arrived"),
    path("outbox/<uuid:message_id>/not-sent/", outbox.not_sent, name="not-sent"),
]
