"""Secrets of the state folder, encrypted under a master key that lies elsewhere.

A master key wraps data keys, and a data key seals secrets: whoever has only the folder can open nothing, and a master key that a
KMS never gives out is enough.
"""
