# Runs a script for a flow: frames in on descriptor 3, frames out on descriptor 4, nothing but base R.
# Started as `Rscript runner.R 3 4`; its session moves standard input and output there and puts the log in their place.
#
# Guarantee: what the script prints never reaches the protocol; each batch is answered once, with as many results as it
# has rows or with an error that says where the script stopped. It ends when it is told bye, when its input ends, and when
# what comes in is no frame.

runner <- new.env()
local({
  PROTOCOL <- 1
  HELLO <- 1L; READY <- 2L; BATCH <- 3L; RESULT <- 4L; ERROR <- 5L; PING <- 6L; PONG <- 7L; BYE <- 8L
  MOST <- 256 * 1024 * 1024
  TRACE_CALLS <- 12
  TRACE_CHARS <- 4000

  # R opens no descriptor by its number; a pipe to cat does.
  incoming <- pipe("cat <&3", "rb")
  outgoing <- pipe("cat >&4", "wb")

  garbage <- function(what) {
    stop(structure(class = c("garbage", "error", "condition"), list(message = what, call = NULL)))
  }
  wrong <- function(...) {
    stop(structure(class = c("wrong", "error", "condition"), list(message = paste0(...), call = NULL)))
  }

  # R has no unsigned 32-bit numbers: read as two of 16 bits.
  u32_at <- function(bytes, at) {
    parts <- readBin(bytes[at:(at + 3)], "integer", 2, size = 2, signed = FALSE, endian = "little")
    parts[1] + 65536 * parts[2]
  }
  u32 <- function(number) {
    as.raw(c(number %% 256, (number %/% 256) %% 256, (number %/% 65536) %% 256, number %/% 16777216))
  }

  bytes_in <- function(count) {
    bytes <- readBin(incoming, "raw", count)
    while (length(bytes) < count && length(bytes) > 0) {
      more <- readBin(incoming, "raw", count - length(bytes))
      if (length(more) == 0) break
      bytes <- c(bytes, more)
    }
    bytes
  }

  # The next frame, or NULL at the end of the input.
  read_frame <- function() {
    prefix <- bytes_in(13)
    if (length(prefix) == 0) return(NULL)
    if (length(prefix) < 13) garbage("it ends in the middle of a frame")
    rest <- u32_at(prefix, 1) - 9
    kind <- as.integer(prefix[5])
    header_length <- u32_at(prefix, 10)
    if (rest < 0 || rest + 13 > MOST || header_length > rest || kind < HELLO || kind > BYE) garbage("it is no frame")
    bytes <- if (rest > 0) bytes_in(rest) else raw(0)
    if (length(bytes) < rest) garbage("it ends in the middle of a frame")
    header <- list()
    if (header_length > 0) {
      text <- rawToChar(bytes[seq_len(header_length)])
      Encoding(text) <- "UTF-8"
      header <- tryCatch(parse_json(text), error = function(e) garbage("a header is no JSON"))
      bytes <- bytes[-seq_len(header_length)]
    }
    list(kind = kind, id = prefix[6:9], header = header, body = bytes)
  }

  send <- function(kind, id, header = NULL, body = raw(0)) {
    json <- if (is.null(header)) raw(0) else charToRaw(enc2utf8(to_json(header)))
    writeBin(c(u32(9 + length(json) + length(body)), as.raw(kind), id, u32(length(json)), json), outgoing)
    if (length(body) > 0) writeBin(body, outgoing)
    flush(outgoing)
  }

  # ---- JSON, which base R has not. Objects become named lists, arrays lists, null NULL inside of a list.
  parse_json <- function(text) {
    points <- utf8ToInt(text)
    at <- 1L
    n <- length(points)
    blank <- function() while (at <= n && points[at] %in% c(32L, 9L, 10L, 13L)) at <<- at + 1L
    bad <- function() stop("no JSON at ", at)
    value <- function() {
      blank()
      if (at > n) bad()
      point <- points[at]
      if (point == 123L) return(object())
      if (point == 91L) return(array())
      if (point == 34L) return(string())
      if (point == 116L) return(word("true", TRUE))
      if (point == 102L) return(word("false", FALSE))
      if (point == 110L) return(word("null", NULL))
      number()
    }
    word <- function(letters, means) {
      wanted <- utf8ToInt(letters)
      last <- at + length(wanted) - 1L
      if (last > n || any(points[at:last] != wanted)) bad()
      at <<- last + 1L
      means
    }
    number <- function() {
      from <- at
      while (at <= n && (points[at] %in% c(43L, 45L, 46L, 69L, 101L) || (points[at] >= 48L && points[at] <= 57L))) {
        at <<- at + 1L
      }
      if (at == from) bad()
      number <- suppressWarnings(as.numeric(intToUtf8(points[from:(at - 1L)])))
      if (is.na(number)) bad()
      number
    }
    string <- function() {
      at <<- at + 1L
      from <- at
      while (at <= n && points[at] != 34L && points[at] != 92L) at <<- at + 1L
      found <- if (at > from) points[from:(at - 1L)] else integer(0)
      while (at <= n && points[at] != 34L) {
        if (points[at] == 92L) {
          escape <- points[at + 1L]
          at <<- at + 2L
          if (escape == 117L) {
            code <- strtoi(intToUtf8(points[at:(at + 3L)]), 16L)
            at <<- at + 4L
            # Two halves of one character.
            if (code >= 0xD800 && code < 0xDC00 && points[at] == 92L) {
              low <- strtoi(intToUtf8(points[(at + 2L):(at + 5L)]), 16L)
              at <<- at + 6L
              code <- 0x10000 + (code - 0xD800) * 1024 + (low - 0xDC00)
            }
            found <- c(found, as.integer(code))
          } else {
            plain <- c("34" = 34L, "92" = 92L, "47" = 47L, "98" = 8L, "102" = 12L, "110" = 10L, "114" = 13L, "116" = 9L)
            found <- c(found, plain[[as.character(escape)]])
          }
        } else {
          from <- at
          while (at <= n && points[at] != 34L && points[at] != 92L) at <<- at + 1L
          found <- c(found, points[from:(at - 1L)])
        }
      }
      if (at > n) bad()
      at <<- at + 1L
      if (length(found) == 0) "" else intToUtf8(found)
    }
    array <- function() {
      at <<- at + 1L
      items <- list()
      blank()
      if (points[at] == 93L) {
        at <<- at + 1L
        return(items)
      }
      repeat {
        items[length(items) + 1L] <- list(value())
        blank()
        if (at > n) bad()
        at <<- at + 1L
        if (points[at - 1L] == 93L) return(items)
        if (points[at - 1L] != 44L) bad()
      }
    }
    object <- function() {
      at <<- at + 1L
      items <- list()
      names <- character(0)
      blank()
      if (points[at] == 125L) {
        at <<- at + 1L
        return(setNames(items, names))
      }
      repeat {
        blank()
        if (at > n || points[at] != 34L) bad()
        names <- c(names, string())
        blank()
        if (at > n || points[at] != 58L) bad()
        at <<- at + 1L
        items[length(items) + 1L] <- list(value())
        blank()
        if (at > n) bad()
        at <<- at + 1L
        if (points[at - 1L] == 125L) return(setNames(items, names))
        if (points[at - 1L] != 44L) bad()
      }
    }
    found <- value()
    blank()
    if (at <= n || !is.list(found)) bad()
    found
  }

  json_text <- function(text) {
    text <- enc2utf8(text)
    text <- gsub("\\", "\\\\", text, fixed = TRUE)
    text <- gsub("\"", "\\\"", text, fixed = TRUE)
    text <- gsub("\n", "\\n", text, fixed = TRUE)
    text <- gsub("\r", "\\r", text, fixed = TRUE)
    text <- gsub("\t", "\\t", text, fixed = TRUE)
    for (code in c(1:8, 11:12, 14:31, 127)) {
      text <- gsub(intToUtf8(code), sprintf("\\u%04x", code), text, fixed = TRUE)
    }
    paste0("\"", text, "\"")
  }
  # A vector of length one is a scalar unless it is wrapped by I(); NA is null.
  to_json <- function(value) {
    if (is.list(value)) {
      items <- vapply(value, to_json, "")
      if (is.null(names(value))) return(paste0("[", paste(items, collapse = ","), "]"))
      keys <- vapply(names(value), json_text, "")
      return(paste0("{", paste(paste0(keys, rep(":", length(items)), items), collapse = ","), "}"))
    }
    each <- if (is.character(value)) {
      vapply(value, json_text, "")
    } else if (is.logical(value)) {
      ifelse(value, "true", "false")
    } else {
      vapply(as.numeric(value), function(one) format(one, digits = 17), "")
    }
    each[is.na(value)] <- "null"
    if (!inherits(value, "AsIs") && length(value) == 1) return(each[[1]])
    paste0("[", paste(each, collapse = ","), "]")
  }

  # ---- A script
  begin <- function(hello) {
    if (!identical(hello$protocol, PROTOCOL)) wrong("this runner speaks protocol ", PROTOCOL, ", not ", hello$protocol)
    if (!is.null(hello$caps$memoryMb)) try(mem.maxVSize(hello$caps$memoryMb), silent = TRUE)
    if (!file.exists(hello$entry)) wrong("there is no script ", hello$entry)
    script <- new.env(parent = globalenv())
    # Its neighbours are found by relative paths.
    script$SCRIPT_FOLDER <- dirname(hello$entry)
    sys.source(hello$entry, envir = script, keep.source = FALSE)
    predicts <- mget("predict_rows", envir = script, mode = "function", ifnotfound = list(NULL))[[1]]
    if (is.null(predicts)) wrong("the script has no function predict_rows(rows)")
    wants <- if (exists("ROWS", envir = script, inherits = FALSE)) script$ROWS else "dicts"
    if (!wants %in% c("dicts", "array")) wrong("ROWS is \"dicts\" or \"array\", not ", wants)
    if (exists("load", envir = script, inherits = FALSE)) script$load(context_of(hello))
    runner$predict_rows <- predicts
    runner$as_array <- wants == "array"
    runner$columns <- vapply(hello$columns, function(column) column$name, "")
    runner$size <- if (hello$dtype == "float32") 4L else 8L
    runner$window <- !is.null(hello$window)
    runner$outputs <- unlist(hello$outputs)
    list(
      protocol = PROTOCOL, language = "r", version = paste(R.version$major, R.version$minor, sep = "."),
      schema = hello$schema
    )
  }

  context_of <- function(hello) {
    files <- hello$files
    list(
      settings = hello$settings,
      path = function(name) {
        if (!is.null(files[[name]])) return(files[[name]])
        stop("no file is called ", name, "; there are ", paste(sort(names(files)), collapse = ", "))
      },
      log = function(text) cat(text, "\n", sep = "", file = stderr())
    )
  }

  # Rows as a data frame, or with ROWS <- "array" as a matrix.
  rows_of <- function(header, body) {
    texts <- header$strings
    steps <- if (is.null(header$steps)) 1 else header$steps
    positions <- if (is.null(texts)) integer(0) else as.integer(names(texts)) + 1L
    numeric <- if (length(positions) > 0) runner$columns[-positions] else runner$columns
    width <- length(numeric)
    count <- if (is.null(header$rows)) length(body) / (width * runner$size) else header$rows
    if (length(body) != count * width * steps * runner$size) {
      wrong("a batch of ", count, " rows has ", length(body), " bytes")
    }
    values <- readBin(body, "double", count * width * steps, size = runner$size, endian = "little")
    if (runner$as_array && length(positions) > 0) wrong("rows as an array hold numbers, and there are texts")
    if (runner$window) {
      # Columns, steps, rows as they lie; the script's are rows, steps, columns.
      cube <- aperm(base::array(values, c(width, steps, count)), c(3, 2, 1))
      if (runner$as_array) return(list(count = count, rows = cube))
      lists <- lapply(seq_len(width), function(k) I(lapply(seq_len(count), function(row) cube[row, , k])))
      return(list(count = count, rows = data_frame(numeric, lists, count)))
    }
    matrix <- matrix(values, nrow = count, ncol = width, byrow = TRUE, dimnames = list(NULL, numeric))
    if (runner$as_array) return(list(count = count, rows = matrix))
    columns <- vector("list", length(runner$columns))
    columns[match(numeric, runner$columns)] <- lapply(seq_len(width), function(k) matrix[, k])
    for (position in positions) {
      given <- texts[[as.character(position - 1L)]]
      columns[[position]] <- vapply(given, function(one) if (is.null(one)) NA_character_ else one, "")
    }
    list(count = count, rows = data_frame(runner$columns, columns, count))
  }

  data_frame <- function(names, columns, count) {
    structure(setNames(columns, names), class = "data.frame", row.names = .set_row_names(count))
  }

  # What predict_rows gave, as the header and body of a result.
  result_of <- function(answer, count) {
    columns <- columns_of(answer, count)
    fields <- list()
    values <- setNames(list(), character(0))
    parts <- list()
    for (name in runner$outputs) {
      column <- columns[[name]]
      if (is.list(column)) column <- together(column)
      if (is.factor(column)) column <- as.character(column)
      if (is.numeric(column) || all(is.na(column) & !is.nan(column)) && !is.character(column) && !is.logical(column)) {
        width <- if (is.matrix(column)) ncol(column) else 1
        fields[[length(fields) + 1L]] <- list(name = name, width = width)
        parts[[length(parts) + 1L]] <- matrix(as.numeric(column), nrow = count)
      } else if (is.character(column) || is.logical(column)) {
        values[[name]] <- I(unname(column))
      } else {
        wrong("a result is of class ", class(column)[1], "; numbers, texts, truths or a matrix can leave")
      }
    }
    body <- if (length(parts) > 0) writeBin(as.vector(t(do.call(cbind, parts))), raw(), endian = "little") else raw(0)
    bare <- length(values) == 0 && all(vapply(fields, function(field) field$width == 1, TRUE))
    list(header = if (bare) NULL else list(rows = count, fields = fields, values = values), body = body)
  }

  # A list a row: numbers of one length become a matrix, single values a vector.
  together <- function(column) {
    column <- lapply(column, function(one) if (is.null(one)) NA else one)
    widths <- unique(lengths(column))
    if (length(widths) != 1) wrong("the vectors of a result have different lengths")
    if (widths == 1) unlist(column) else do.call(rbind, column)
  }

  columns_of <- function(answer, count) {
    counted <- function(column) {
      given <- if (is.matrix(column)) nrow(column) else length(column)
      if (given != count) wrong("predict_rows gave ", given, " results for ", count, " rows")
      column
    }
    named <- (is.data.frame(answer) || is.list(answer)) && !is.null(names(answer))
    if (named && any(names(answer) %in% runner$outputs)) {
      absent <- setdiff(runner$outputs, names(answer))
      if (length(absent) > 0) wrong("predict_rows gave no ", absent[1])
      return(lapply(setNames(runner$outputs, runner$outputs), function(name) counted(answer[[name]])))
    }
    if (is.null(answer) || is.function(answer)) wrong("predict_rows gave no results")
    counted(answer)
    lapply(setNames(runner$outputs, runner$outputs), function(name) {
      if (name == "result") answer else rep(NA_real_, count)
    })
  }

  answer_batch <- function(frame) {
    given <- rows_of(frame$header, frame$body)
    if (given$count == 0) {
      none <- list(rows = 0, fields = list(), values = setNames(list(), character(0)))
      return(send(RESULT, frame$id, none))
    }
    result <- result_of(runner$predict_rows(given$rows), given$count)
    send(RESULT, frame$id, result$header, result$body)
  }

  trouble <- function(condition, calls) {
    if (inherits(condition, "wrong")) return(list(message = conditionMessage(condition)))
    said <- paste0("Error: ", conditionMessage(condition))
    where <- conditionCall(condition)
    own <- vapply(calls, function(call) deparse(call, nlines = 1)[1], "")
    # From the script's function on; what is above is this file's, what is below R's own way to an error.
    first <- grep("^(runner\\$predict_rows|script\\$load|sys\\.source)\\(", own)
    own <- if (length(first) > 0) own[-seq_len(first[1])] else character(0)
    own <- own[!grepl("^(\\.handleSimpleError|h\\(simpleError|stop\\(|eval\\(|withCallingHandlers|\\(function )", own)]
    trace <- paste(c(if (length(own) > 0) paste0("  in ", tail(own, TRACE_CALLS)), said), collapse = "\n")
    in_call <- if (is.null(where)) "" else paste0(" (in ", deparse(where, nlines = 1)[1], ")")
    list(message = substr(paste0(said, in_call), 1, TRACE_CHARS), trace = substr(trace, 1, TRACE_CHARS))
  }

  # Does it, and gives NULL or what went wrong.
  attempt <- function(work) {
    calls <- NULL
    tryCatch(
      withCallingHandlers({ work(); NULL }, error = function(e) calls <<- sys.calls()),
      garbage = function(e) stop(e),
      error = function(e) trouble(e, calls)
    )
  }

  serve <- function() {
    begun <- FALSE
    repeat {
      frame <- read_frame()
      if (is.null(frame) || frame$kind == BYE) return(invisible())
      failed <- attempt(function() {
        if (frame$kind == PING) {
          send(PONG, frame$id)
        } else if (frame$kind == HELLO && !begun) {
          ready <- begin(frame$header)
          begun <<- TRUE
          send(READY, frame$id, ready)
        } else if (frame$kind == BATCH && begun) {
          answer_batch(frame)
        } else {
          garbage(paste0("a frame of kind ", frame$kind, " has no place here"))
        }
      })
      if (!is.null(failed)) send(ERROR, frame$id, failed)
    }
  }

  runner$main <- function() {
    status <- 0L
    tryCatch(serve(), garbage = function(e) {
      send(ERROR, as.raw(c(0, 0, 0, 0)), list(message = paste0("what came in is refused: ", conditionMessage(e))))
      status <<- 2L
    })
    close(outgoing)
    quit(save = "no", status = status)
  }
})
runner$main()
