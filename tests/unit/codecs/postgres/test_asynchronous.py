from passgate.codecs.postgres.asynchronous import NotificationResponse, ParameterStatus, Terminate


def test_a_setting_is_reported_by_name_and_value() -> None:
    assert ParameterStatus.parse(b"TimeZone\0UTC\0") == ParameterStatus(name="TimeZone", value="UTC")


def test_a_notifications_payload_is_not_shown() -> None:
    notification = NotificationResponse(process_id=4, channel="jobs", payload="sesame")
    assert NotificationResponse.parse(notification.encode()[5:]) == notification
    assert "sesame" not in repr(notification)


def test_goodbye_is_five_bytes() -> None:
    assert Terminate().encode() == b"X\0\0\0\x04"
