"""A verb of the toy plugin."""


def add_arguments(parser):
    parser.add_argument("name", choices=("world", "moon"))


def run(args):
    print(f"hello, {args.name}")
    return 0
