"""A group of commands, each a module with a `command`, that is imported when it is called and not before."""

from __future__ import annotations

import importlib

import click


class ModuleGroup(click.Group):
    """Subclasses name the modules; a command that is none of them gets the nearest one told."""

    def modules(self) -> dict[str, str]:
        """The module of each command, by name."""
        raise NotImplementedError

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules():
            return None
        loaded = importlib.import_module(self.modules()[cmd_name]).command
        assert isinstance(loaded, click.Command)
        return loaded

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Their help lines whole, where click would cut them at the terminal's edge."""
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(limit=400)) for name, one in commands.items() if one])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.modules() and not args[0].startswith("-"):
            from shift.strict_yaml import nearest

            ctx.fail(f"There is no command '{args[0]}'. {nearest(args[0], self.modules())}")
        return super().resolve_command(ctx, args)
