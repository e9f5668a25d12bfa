# -*- coding: utf-8 -*-
"""Runs a script for a flow: frames in on standard input, frames out on standard output, nothing but the standard
library. One file for Python 2.7 and 3.

Guarantee: what the script prints never reaches the protocol, which moves to descriptors of its own; each batch is
answered once, with as many results as it has rows or with an error that carries the script's own traceback. It ends
when it is told bye, when its input ends, and when what comes in is no frame.
"""
from __future__ import print_function

import io
import json
import math
import numbers
import os
import platform
import struct
import sys
import traceback
import types

PROTOCOL = 1
HELLO, READY, BATCH, RESULT, ERROR, PING, PONG, BYE = range(1, 9)
PREFIX = struct.Struct("<IBII")
MOST = 256 << 20
# Of an error: enough to find the line, little enough for a report.
TRACE_FRAMES = 12
TRACE_CHARS = 4000
TEXT = type(u"")
FLOATS = set([float])
# Bodies are laid together with their heads up to this size.
TOGETHER = 1 << 16


class Garbage(Exception):
    pass


class Wrong(Exception):
    """What the script gave is not what it should; its message says it all."""


class Context(object):
    """What a script may ask of its surroundings."""

    def __init__(self, files, settings):
        self._files = files
        self.settings = settings

    def path(self, name):
        """The local path of a file that the module's settings name."""
        if name in self._files:
            return self._files[name]
        raise KeyError("no file is called %s; there are %s" % (name, ", ".join(sorted(self._files)) or "none"))

    def log(self, text):
        print(text, file=sys.stderr)
        sys.stderr.flush()


class Channel(object):
    """The protocol's own ends of standard input and output. What is printed from now on is log."""

    def __init__(self):
        incoming, outgoing = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        os.close(nothing)
        for descriptor in (incoming, outgoing):
            keep(descriptor)
        sys.stdout = sys.stderr
        self._reader = io.open(incoming, "rb", 1 << 16)
        self._writer = io.open(outgoing, "wb", 0)

    def read(self):
        """The next frame as (kind, id, header, body), or None at the end of the input."""
        prefix = self._reader.read(PREFIX.size)
        if not prefix:
            return None
        if len(prefix) < PREFIX.size:
            raise Garbage("it ends in the middle of a frame")
        length, kind, number, header_length = PREFIX.unpack(prefix)
        rest = length - 9
        if length + 4 > MOST or header_length > rest or not HELLO <= kind <= BYE:
            raise Garbage("it is no frame")
        header = {}
        if header_length > 0:
            try:
                header = json.loads(self._reader.read(header_length).decode("utf-8"))
            except ValueError:
                raise Garbage("a header is no JSON")
        # Of its own and writable: an array of numpy lies in it.
        body = bytearray(self._reader.read(rest - header_length))
        if len(body) < rest - header_length:
            raise Garbage("it ends in the middle of a frame")
        return kind, number, header, body

    def send(self, kind, number, header=None, body=b""):
        if header is None and len(body) <= TOGETHER:
            self._write(PREFIX.pack(9 + len(body), kind, number, 0) + body)
            return
        head = b"" if header is None else json.dumps(header).encode("utf-8")
        prefix = PREFIX.pack(9 + len(head) + len(body), kind, number, len(head))
        if len(body) > TOGETHER:
            self._write(prefix + head)
            self._write(body)
        else:
            self._write(prefix + head + body)

    def _write(self, data):
        written = self._writer.write(data)
        while written < len(data):
            written += self._writer.write(memoryview(data)[written:])


def keep(descriptor):
    """Python 2 hands every descriptor to its children."""
    try:
        import fcntl
    except ImportError:
        return
    fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.fcntl(descriptor, fcntl.F_GETFD) | fcntl.FD_CLOEXEC)


def load_script(entry):
    """The script as a module. Its folder comes first on the path, so that it may import its neighbours."""
    entry = os.path.abspath(entry)
    sys.path.insert(0, os.path.dirname(entry))
    name = os.path.splitext(os.path.basename(entry))[0]
    # The name of what is there already, such as json, stays with that.
    script = types.ModuleType(str("script" if name in sys.modules else name))
    script.__file__ = entry
    sys.modules[script.__name__] = script
    with open(entry, "rb") as source:
        code = compile(source.read(), entry, "exec", 0, True)
    exec(code, script.__dict__)
    if not callable(getattr(script, "predict", None)):
        raise Wrong("the script has no function predict(rows)")
    return script


class Decoder(object):
    """Rows of a batch as the script wants them: a list of dicts, or with ROWS = "array" an array of numpy."""

    def __init__(self, hello, wants):
        self.names = [column["name"] for column in hello["columns"]]
        self.letter, self.size = ("f", 4) if hello["dtype"] == "float32" else ("d", 8)
        self.window = hello.get("window")
        if wants not in ("dicts", "array"):
            raise Wrong('ROWS is "dicts" or "array", not %r' % (wants,))
        self.numpy = None
        if wants == "array":
            try:
                import numpy
            except ImportError:
                raise Wrong('ROWS = "array" needs numpy, and this Python has none')
            self.numpy = numpy
            self.dtype = numpy.dtype("<f%d" % self.size)
            self.row_bytes = self.size * len(self.names)

    def rows(self, header, body):
        if not header and self.numpy is not None:
            # What nearly all batches are.
            count, rest = divmod(len(body), self.row_bytes)
            if rest > 0:
                raise Wrong("a batch of rows of %d bytes has %d" % (self.row_bytes, len(body)))
            return count, self.numpy.ndarray((count, len(self.names)), self.dtype, body)
        strings = header.get("strings")
        steps = header.get("steps", 1)
        width = len(self.names) - (len(strings) if strings else 0)
        each = width * steps
        count = header["rows"] if "rows" in header else len(body) // (each * self.size)
        if count * each * self.size != len(body):
            raise Wrong("a batch of %d rows has %d bytes" % (count, len(body)))
        if self.numpy is not None:
            if strings:
                texts = ", ".join(self.names[int(at)] for at in strings)
                raise Wrong("rows as an array hold numbers, and there are texts in %s" % texts)
            array = self.numpy.frombuffer(body, self.dtype)
            shape = (count, steps, width) if self.window else (count, width)
            return count, array.reshape(shape)
        values = struct.unpack("<%d%s" % (count * each, self.letter), body)
        if self.window:
            return count, [
                dict((name, list(values[row * each + k : (row + 1) * each : width])) for k, name in enumerate(self.names))
                for row in range(count)
            ]
        if not strings:
            names = self.names
            return count, [dict(zip(names, row)) for row in zip(*[iter(values)] * width)]
        numeric = [name for k, name in enumerate(self.names) if str(k) not in strings]
        rows = [dict(zip(numeric, values[row * width : (row + 1) * width])) for row in range(count)]
        for at, texts in strings.items():
            for row, text in zip(rows, texts):
                row[self.names[int(at)]] = text
        return count, rows


class Encoder(object):
    """What predict gave, as the header and body of a result."""

    def __init__(self, outputs):
        self.outputs = outputs
        self.bare = outputs == ["result"]
        self.double = None

    def use(self, numpy):
        self.double = numpy.dtype("<f8")

    def result(self, answer, count):
        if self.bare:
            # What nearly all results are: a number a row.
            if type(answer) is list:
                if len(answer) == count and set(map(type, answer)) == FLOATS:
                    return None, struct.pack("<%dd" % count, *answer)
            elif self.double is not None and getattr(answer, "dtype", None) == self.double:
                if answer.shape == (count,):
                    return None, answer.tobytes()
        columns = self.columns(answer, count)
        header, fields, parts, values = None, [], [], {}
        for name in self.outputs:
            packed = vector_of(columns[name])
            if packed is None:
                values[name] = [plain(value) for value in listed(columns[name])]
            else:
                fields.append({"name": name, "width": packed[0]})
                parts.append(packed)
        if values or any(field["width"] != 1 for field in fields) or count == 0:
            header = {"rows": count, "fields": fields, "values": values}
        return header, row_major(parts, count)

    def columns(self, answer, count):
        """By the name of an output, a value a row."""
        if hasattr(answer, "to_dict") and hasattr(answer, "columns"):
            answer = dict((name, answer[name].tolist()) for name in answer.columns)
        if isinstance(answer, dict):
            columns = dict((name, column) for name, column in answer.items() if name in self.outputs)
            for name in self.outputs:
                if name not in columns:
                    raise Wrong("predict gave no %s" % name)
                self.counted(columns[name], count)
            return columns
        if hasattr(answer, "tolist") and not hasattr(answer, "ndim"):
            answer = answer.tolist()
        if not hasattr(answer, "__len__"):
            try:
                answer = list(answer)
            except TypeError:
                raise Wrong("predict gave a %s in place of a list of results" % type(answer).__name__)
        self.counted(answer, count)
        if getattr(answer, "ndim", 0) == 0 and any(isinstance(row, dict) for row in answer):
            rows = [row if isinstance(row, dict) else {"result": row} for row in answer]
            return dict((name, [row.get(name) for row in rows]) for name in self.outputs)
        return dict((name, answer if name == "result" else [None] * count) for name in self.outputs)

    @staticmethod
    def counted(column, count):
        if isinstance(column, (TEXT, bytes)) or not hasattr(column, "__len__"):
            raise Wrong("predict gave a %s in place of a list of results" % type(column).__name__)
        if len(column) != count:
            raise Wrong("predict gave %d results for %d rows" % (len(column), count))


def is_array(column):
    return hasattr(column, "ndim") and hasattr(column, "dtype") and hasattr(column, "tobytes")


def listed(column):
    return column.tolist() if hasattr(column, "tolist") else list(column)


def vector_of(column):
    """(width, numbers of all rows in order, or an array of them), or None when there is more than numbers."""
    if is_array(column):
        if column.dtype.kind in "fiu" and column.ndim in (1, 2):
            return (1 if column.ndim == 1 else column.shape[1]), column.astype("<f8")
        column = column.tolist()
    elif hasattr(column, "tolist"):
        column = column.tolist()
    kinds = set(map(type, column))
    if all(is_number(kind) for kind in kinds):
        return 1, column
    if all(is_number(kind) or kind is type(None) for kind in kinds):
        return 1, [float("nan") if value is None else value for value in column]
    if all(hasattr(kind, "__len__") and not issubclass(kind, (TEXT, bytes, dict)) for kind in kinds):
        widths = set(len(row) for row in column)
        flat = [value for row in column for value in row]
        if len(widths) == 1 and all(is_number(type(value)) for value in flat):
            return widths.pop(), flat
    return None


def is_number(kind):
    return kind is float or (issubclass(kind, numbers.Real) and not issubclass(kind, bool))


def row_major(parts, count):
    if not parts:
        return b""
    if len(parts) == 1:
        values = parts[0][1]
        return values.tobytes() if is_array(values) else struct.pack("<%dd" % len(values), *values)
    flat = [values.ravel().tolist() if is_array(values) else values for _, values in parts]
    widths = [width for width, _ in parts]
    mixed = []
    for row in range(count):
        for width, values in zip(widths, flat):
            mixed.extend(values[row * width : (row + 1) * width])
    return struct.pack("<%dd" % len(mixed), *mixed)


def plain(value):
    """As JSON has it."""
    if value is None or isinstance(value, (bool, TEXT)):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if hasattr(value, "item"):
        return plain(value.item())
    if isinstance(value, numbers.Real):
        number = float(value)
        return None if math.isnan(number) or math.isinf(number) else number
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    raise Wrong("a result is a %s; a number, a text, a truth or a list of numbers can leave" % type(value).__name__)


def trouble(error):
    """Message and traceback of what the script raised, without the frames of this file."""
    if isinstance(error, Wrong):
        return {"message": str(error)}
    own = os.path.splitext(os.path.abspath(__file__))[0]
    frames = [
        frame
        for frame in traceback.extract_tb(sys.exc_info()[2])
        if os.path.splitext(os.path.abspath(frame[0]))[0] != own
    ]
    said = "".join(traceback.format_exception_only(type(error), error)).strip()
    trace = "".join(traceback.format_list(frames[-TRACE_FRAMES:])) + said
    if isinstance(said, bytes):
        said, trace = said.decode("utf-8", "replace"), trace.decode("utf-8", "replace")
    return {"message": said.splitlines()[-1][:TRACE_CHARS], "trace": trace[-TRACE_CHARS:]}


def limit_memory(megabytes):
    """
    Twice what is allowed, and half a gigabyte: room that libraries reserve and never touch counts here too. The one
    who watches what is really used stops it at the limit itself; this stops what grows faster than he looks.
    """
    try:
        import resource
        most = (2 * megabytes + 512) << 20
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    except (ImportError, ValueError, OSError):
        pass


def memory():
    try:
        import resource
    except ImportError:
        return None
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def begin(hello):
    if hello.get("protocol") != PROTOCOL:
        raise Wrong("this runner speaks protocol %d, not %s" % (PROTOCOL, hello.get("protocol")))
    if hello["caps"].get("memoryMb"):
        limit_memory(hello["caps"]["memoryMb"])
    script = load_script(hello["entry"])
    decoder = Decoder(hello, getattr(script, "ROWS", "dicts"))
    if hasattr(script, "load"):
        script.load(Context(hello["files"], hello["settings"]))
    ready = {
        "protocol": PROTOCOL,
        "language": "python",
        "version": platform.python_version(),
        "schema": hello["schema"],
        "memoryBytes": memory(),
    }
    encoder = Encoder(hello["outputs"])
    if decoder.numpy is not None:
        encoder.use(decoder.numpy)
    return script.predict, decoder, encoder, ready


def answer_batch(channel, number, header, body, predict, decoder, encoder):
    count, rows = decoder.rows(header, body)
    if count == 0:
        # Many a model fails on no rows.
        channel.send(RESULT, number, {"rows": 0, "fields": [], "values": {}})
        return
    header, body = encoder.result(predict(rows), count)
    channel.send(RESULT, number, header, body)


def serve(channel):
    parts = None
    while True:
        frame = channel.read()
        if frame is None or frame[0] == BYE:
            return
        kind, number, header, body = frame
        try:
            if kind == BATCH and parts is not None:
                answer_batch(channel, number, header, body, *parts)
            elif kind == PING:
                channel.send(PONG, number)
            elif kind == HELLO and parts is None:
                predict, decoder, encoder, ready = begin(header)
                parts = (predict, decoder, encoder)
                channel.send(READY, number, ready)
            else:
                raise Garbage("a frame of kind %d has no place here" % kind)
        except Garbage:
            raise
        except (Exception, SystemExit) as error:
            channel.send(ERROR, number, trouble(error))


def main():
    channel = Channel()
    try:
        serve(channel)
    except Garbage as error:
        channel.send(ERROR, 0, {"message": "what came in is refused: %s" % error})
        return 2
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Threads that the script left must not keep it from ending.
    os._exit(code)
