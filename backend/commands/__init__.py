"""The commands of `wangge`: one file each, loaded only when it is asked for."""
