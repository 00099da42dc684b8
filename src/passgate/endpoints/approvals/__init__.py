"""Channels that tell people of what waits for them, and the HTTP paths where their votes come back.

``WebhookChannel`` and ``SlackChannel`` are the pipeline's ``Channel``; ``WebhookVotes`` and ``SlackInteractions`` answer beside the
other paths of an HTTP listener.
"""
