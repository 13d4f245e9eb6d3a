def backspin_load(files):
    """Makes the package of these files: what `backspin gdbinit` prints has them as texts, and needs no folder."""
    import sys
    import types

    package = sys.modules["backspin_gdb"] = types.ModuleType("backspin_gdb")
    for name in sorted(files, key=lambda name: (name != "session", name)):
        module = sys.modules["backspin_gdb." + name] = types.ModuleType("backspin_gdb." + name)
        setattr(package, name, module)
        exec(compile(files[name], "backspin_gdb/" + name + ".py", "exec"), module.__dict__)


backspin_load(backspin_files)
