"""Who is at the other end."""

import os
import pwd
import socket

from passgate.api.peer import Peer, peer_of


def test_the_kernel_says_who_it_is() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        peer = peer_of(one)
    assert peer == Peer(pid=os.getpid(), uid=os.geteuid())
    assert peer.name == f"unix:{pwd.getpwuid(os.geteuid()).pw_name}"


def test_a_user_without_a_name() -> None:
    assert Peer(pid=1, uid=2**31 - 7).name == f"unix:{2**31 - 7}"
