"""Importing this module registers every part; the host's registries do it when they are asked for one."""
from rpn_plugin.registration import register_all

register_all()
