# Runs a script for a flow: frames in on one descriptor, frames out on another, nothing but Julia's Base.
# Started as `julia runner.jl IN OUT`; its session moves standard input and output to IN and OUT, and puts the log in the
# place of standard output.
#
# Guarantee: what the script prints never reaches the protocol; each batch is answered once, with as many results as it
# has rows or with an error that carries the script's own stack. It ends when it is told bye, when its input ends, and when
# what comes in is no frame.

module MillraceRunner

const PROTOCOL = 1
const HELLO, READY, BATCH, RESULT, ERROR, PING, PONG, BYE = 1, 2, 3, 4, 5, 6, 7, 8
const MOST = 256 << 20
const TRACE_FRAMES = 12
const TRACE_CHARS = 4000

"What came in is no frame."
struct Garbage <: Exception
    what::String
end

"What the script gave is not what it should; the message says it all."
struct Wrong <: Exception
    what::String
end

mutable struct Channels
    incoming::IO
    outgoing::IO
end

struct Context
    settings::Dict{String,Any}
    files::Dict{String,Any}
end

# `context.path("model")`, `context.log("text")`, `context.settings`, as in every other language.
function Base.getproperty(context::Context, name::Symbol)
    name === :path && return asked -> path_of(getfield(context, :files), asked)
    name === :log && return text -> println(stderr, text)
    return getfield(context, name)
end

function path_of(files, asked)
    haskey(files, asked) && return files[asked]
    error("no file is called $asked; there are $(join(sort(collect(keys(files))), ", "))")
end

# ---- frames

function read_frame(channels)
    prefix = read(channels.incoming, 13)
    isempty(prefix) && return nothing
    length(prefix) < 13 && throw(Garbage("it ends in the middle of a frame"))
    size = Int(number_at(prefix, 1))
    kind = Int(prefix[5])
    header_length = Int(number_at(prefix, 10))
    if size < 9 || size + 4 > MOST || header_length > size - 9 || !(HELLO <= kind <= BYE)
        throw(Garbage("it is no frame"))
    end
    bytes = read(channels.incoming, size - 9)
    length(bytes) < size - 9 && throw(Garbage("it ends in the middle of a frame"))
    header = header_length == 0 ? Dict{String,Any}() : parse_header(String(bytes[1:header_length]))
    return (kind = kind, id = number_at(prefix, 6), header = header, body = bytes[(header_length + 1):end])
end

number_at(bytes, at) = ltoh(reinterpret(UInt32, bytes[at:(at + 3)])[1])

function send(channels, kind, id, header = nothing, body = UInt8[])
    json = header === nothing ? UInt8[] : Vector{UInt8}(codeunits(to_json(header)))
    frame = IOBuffer()
    write(frame, htol(UInt32(9 + length(json) + length(body))))
    write(frame, UInt8(kind))
    write(frame, htol(UInt32(id)))
    write(frame, htol(UInt32(length(json))))
    write(frame, json)
    write(channels.outgoing, take!(frame))
    isempty(body) || write(channels.outgoing, body)
    flush(channels.outgoing)
end

# ---- JSON, which Base has not

mutable struct Reading
    text::Vector{Char}
    at::Int
end

function parse_header(text)
    reading = Reading(collect(text), 1)
    try
        value = json_value(reading)
        blank(reading)
        if reading.at > length(reading.text) && value isa Dict
            return value
        end
    catch problem
        problem isa InterruptException && rethrow()
    end
    throw(Garbage("a header is no JSON"))
end

function blank(reading)
    while reading.at <= length(reading.text) && isspace(reading.text[reading.at])
        reading.at += 1
    end
end

function skip(reading, wanted)
    blank(reading)
    reading.text[reading.at] == wanted || return false
    reading.at += 1
    return true
end

demand(reading, wanted) = skip(reading, wanted) || error("no JSON")

function json_value(reading)
    blank(reading)
    first = reading.text[reading.at]
    first == '{' && return json_object(reading)
    first == '[' && return json_array(reading)
    first == '"' && return json_string(reading)
    first == 't' && return json_word(reading, "true", true)
    first == 'f' && return json_word(reading, "false", false)
    first == 'n' && return json_word(reading, "null", nothing)
    return json_number(reading)
end

function json_word(reading, word, means)
    last = reading.at + length(word) - 1
    String(reading.text[reading.at:last]) == word || error("no JSON")
    reading.at = last + 1
    return means
end

function json_number(reading)
    from = reading.at
    while reading.at <= length(reading.text) && reading.text[reading.at] in "+-.eE0123456789"
        reading.at += 1
    end
    text = String(reading.text[from:(reading.at - 1)])
    whole = tryparse(Int, text)
    return whole === nothing ? parse(Float64, text) : whole
end

function json_string(reading)
    demand(reading, '"')
    found = IOBuffer()
    while reading.text[reading.at] != '"'
        one = reading.text[reading.at]
        reading.at += 1
        if one != '\\'
            print(found, one)
            continue
        end
        escape = reading.text[reading.at]
        reading.at += 1
        if escape == 'u'
            code = json_hex(reading)
            # Two halves of one character.
            if 0xd800 <= code < 0xdc00
                reading.at += 2
                code = 0x10000 + (code - 0xd800) * 1024 + (json_hex(reading) - 0xdc00)
            end
            print(found, Char(code))
        else
            known = Dict('b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t')
            print(found, get(known, escape, escape))
        end
    end
    reading.at += 1
    return String(take!(found))
end

function json_hex(reading)
    code = parse(Int, String(reading.text[reading.at:(reading.at + 3)]); base = 16)
    reading.at += 4
    return code
end

function json_array(reading)
    demand(reading, '[')
    found = Any[]
    skip(reading, ']') && return found
    while true
        push!(found, json_value(reading))
        skip(reading, ',') || break
    end
    demand(reading, ']')
    return found
end

function json_object(reading)
    demand(reading, '{')
    found = Dict{String,Any}()
    skip(reading, '}') && return found
    while true
        blank(reading)
        key = json_string(reading)
        demand(reading, ':')
        found[key] = json_value(reading)
        skip(reading, ',') || break
    end
    demand(reading, '}')
    return found
end

to_json(::Union{Nothing,Missing}) = "null"
to_json(value::Bool) = value ? "true" : "false"
to_json(value::Integer) = string(value)
to_json(value::Real) = isfinite(value) ? string(Float64(value)) : "null"
to_json(value::Union{AbstractVector,Tuple}) = string("[", join(map(to_json, collect(value)), ","), "]")
to_json(value::AbstractDict) =
    string("{", join([string(to_json(string(key)), ":", to_json(one)) for (key, one) in value], ","), "}")
function to_json(text::AbstractString)
    out = IOBuffer()
    print(out, '"')
    for one in text
        if one == '"' || one == '\\'
            print(out, '\\', one)
        elseif one < ' '
            print(out, "\\u", lpad(string(UInt32(one); base = 16), 4, '0'))
        else
            print(out, one)
        end
    end
    print(out, '"')
    return String(take!(out))
end
to_json(value) =
    throw(Wrong("a result is a $(typeof(value)); a number, a text, a truth or a vector of numbers can leave"))

# ---- the script

function begin_script(hello)
    get(hello, "protocol", 0) == PROTOCOL ||
        throw(Wrong("this runner speaks protocol $PROTOCOL, not $(get(hello, "protocol", "none"))"))
    script = Module(:Script)
    # What every module has, and a module that is made by hand lacks.
    Core.eval(script, :(eval(x) = Core.eval($script, x)))
    Core.eval(script, :(include(file) = Base.include($script, file)))
    isfile(hello["entry"]) || throw(Wrong("there is no script $(hello["entry"])"))
    Base.include(script, hello["entry"])
    isdefined(script, :predict) || throw(Wrong("the script has no function predict(rows)"))
    wants = isdefined(script, :ROWS) ? Core.eval(script, :ROWS) : "dicts"
    wants in ("dicts", "array") || throw(Wrong("ROWS is \"dicts\" or \"array\", not $wants"))
    if isdefined(script, :load)
        Base.invokelatest(Core.eval(script, :load), Context(hello["settings"], hello["files"]))
    end
    return (
        predict = Core.eval(script, :predict),
        array = wants == "array",
        columns = String[column["name"] for column in hello["columns"]],
        type = hello["dtype"] == "float32" ? Float32 : Float64,
        window = get(hello, "window", nothing) !== nothing,
        outputs = String[name for name in hello["outputs"]],
    )
end

function ready_of(hello)
    return Dict(
        "protocol" => PROTOCOL,
        "language" => "julia",
        "version" => string(VERSION),
        "schema" => hello["schema"],
        "memoryBytes" => Int(Sys.maxrss()),
    )
end

"Rows as a vector of Dict, or as a matrix; windows as vectors in the Dict, or as an array of rows, steps, columns."
function rows_of(script, header, body)
    texts = get(header, "strings", Dict{String,Any}())
    steps = get(header, "steps", 1)
    numeric = [name for (k, name) in enumerate(script.columns) if !haskey(texts, string(k - 1))]
    width = length(numeric)
    size = sizeof(script.type)
    count = get(header, "rows", width == 0 ? 0 : div(length(body), width * steps * size))
    count * width * steps * size == length(body) ||
        throw(Wrong("a batch of $count rows has $(length(body)) bytes"))
    values = ltoh.(collect(reinterpret(script.type, body)))
    script.array && !isempty(texts) && throw(Wrong("rows as an array hold numbers, and there are texts"))
    if script.window
        cube = permutedims(reshape(values, width, steps, count), (3, 2, 1))
        script.array && return count, cube
        return count,
        [Dict{String,Any}(name => cube[row, :, k] for (k, name) in enumerate(numeric)) for row in 1:count]
    end
    matrix = permutedims(reshape(values, width, count), (2, 1))
    script.array && return count, matrix
    rows = [Dict{String,Any}(name => matrix[row, k] for (k, name) in enumerate(numeric)) for row in 1:count]
    for (position, given) in texts, row in 1:count
        rows[row][script.columns[parse(Int, position) + 1]] = given[row]
    end
    return count, rows
end

# ---- what predict gave

function columns_of(script, answer, count)
    if answer isa AbstractDict
        return Dict(
            name => begin
                column = get(answer, name, get(answer, Symbol(name), nothing))
                column === nothing && throw(Wrong("predict gave no $name"))
                counted(column, count)
            end for name in script.outputs
        )
    end
    if answer isa AbstractMatrix
        rows = counted(collect(eachrow(answer)), count)
    elseif answer isa AbstractVector
        rows = counted(answer, count)
    else
        throw(Wrong("predict gave a $(typeof(answer)) in place of a vector of results"))
    end
    records = any(row -> row isa Union{AbstractDict,NamedTuple}, rows)
    return Dict(
        name => records ? [field_of(row, name) for row in rows] : name == "result" ? rows : fill(nothing, count)
        for name in script.outputs
    )
end

field_of(row::AbstractDict, name) = get(row, name, get(row, Symbol(name), nothing))
field_of(row::NamedTuple, name) = get(row, Symbol(name), nothing)
field_of(row, name) = name == "result" ? row : nothing

function counted(column, count)
    length(column) == count || throw(Wrong("predict gave $(length(column)) results for $count rows"))
    return column
end

is_number(value) = value isa Real && !(value isa Bool)
is_nothing(value) = value === nothing || value === missing

"Numbers by row, or nothing when there is more than numbers, or not as many in each row."
function numbers_of(column)
    if all(value -> is_number(value) || is_nothing(value), column)
        return 1, Float64[is_nothing(value) ? NaN : Float64(value) for value in column]
    end
    if all(value -> value isa Union{AbstractVector,Tuple} && all(is_number, value), column)
        widths = unique(map(length, column))
        length(widths) == 1 && return widths[1], Float64[one for value in column for one in value]
    end
    return nothing
end

function send_result(channels, id, script, answer, count)
    columns = columns_of(script, answer, count)
    fields = Any[]
    parts = Any[]
    values = Dict{String,Any}()
    for name in script.outputs
        numbers = numbers_of(columns[name])
        if numbers === nothing
            values[name] = Any[value for value in columns[name]]
        else
            push!(fields, Dict("name" => name, "width" => numbers[1]))
            push!(parts, numbers)
        end
    end
    mixed = Float64[
        numbers[(row - 1) * width + k] for row in 1:count for (width, numbers) in parts for k in 1:width
    ]
    body = collect(reinterpret(UInt8, htol.(mixed)))
    bare = isempty(values) && all(field -> field["width"] == 1, fields)
    header = bare ? nothing : Dict("rows" => count, "fields" => fields, "values" => values)
    send(channels, RESULT, id, header, body)
end

function answer_batch(channels, frame, script)
    count, rows = rows_of(script, frame.header, frame.body)
    if count == 0
        send(channels, RESULT, frame.id, Dict("rows" => 0, "fields" => Any[], "values" => Dict{String,Any}()))
        return
    end
    send_result(channels, frame.id, script, Base.invokelatest(script.predict, rows), count)
end

"Message and stack of what the script threw, without the frames of this file."
function trouble(problem, trace)
    problem isa Wrong && return Dict("message" => problem.what)
    if problem isa LoadError
        problem = problem.error
    end
    said = sprint(showerror, problem)
    own = basename(@__FILE__)
    frames = [
        string("  at ", frame.func, " (", frame.file, ":", frame.line, ")") for
        frame in stacktrace(trace) if basename(string(frame.file)) != own && !startswith(string(frame.file), "./")
    ]
    lines = vcat([said], frames[1:min(end, TRACE_FRAMES)])
    return Dict("message" => first(said, TRACE_CHARS), "trace" => first(join(lines, "\n"), TRACE_CHARS))
end

function serve(channels)
    script = nothing
    while true
        frame = read_frame(channels)
        (frame === nothing || frame.kind == BYE) && return
        try
            if frame.kind == PING
                send(channels, PONG, frame.id)
            elseif frame.kind == HELLO && script === nothing
                script = begin_script(frame.header)
                send(channels, READY, frame.id, ready_of(frame.header))
            elseif frame.kind == BATCH && script !== nothing
                answer_batch(channels, frame, script)
            else
                throw(Garbage("a frame of kind $(frame.kind) has no place here"))
            end
        catch problem
            (problem isa Garbage || problem isa InterruptException) && rethrow()
            send(channels, ERROR, frame.id, trouble(problem, catch_backtrace()))
        end
    end
end

"A descriptor as a stream that waits until it has what is asked of it."
stream_of(arguments, at, usual) = length(arguments) < at ? usual : fdio(parse(Int, arguments[at]), true)

function main(arguments)
    channels = Channels(stream_of(arguments, 1, stdin), stream_of(arguments, 2, stdout))
    # Where nothing could move the descriptors.
    length(arguments) < 2 && redirect_stdout(stderr)
    try
        serve(channels)
    catch problem
        problem isa Garbage || rethrow()
        send(channels, ERROR, 0, Dict("message" => "what came in is refused: $(problem.what)"))
        return 2
    end
    return 0
end

end

exit(MillraceRunner.main(ARGS))
