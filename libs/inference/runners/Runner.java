/*
 * Runs a class for a flow: frames in on one descriptor, frames out on another, nothing but what Java has. Java 11 or newer.
 * Started as `java Runner.java IN OUT`, or compiled; its session moves standard input and output to IN and OUT, and puts the
 * log in the place of standard output.
 *
 * Guarantee: what the class prints never reaches the protocol; each batch is answered once, with as many results as it has
 * rows or with an error that carries the class's own stack. It ends when it is told bye, when its input ends, and when what
 * comes in is no frame.
 */
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

public final class Runner {
  static final int PROTOCOL = 1;
  static final int HELLO = 1, READY = 2, BATCH = 3, RESULT = 4, ERROR = 5, PING = 6, PONG = 7, BYE = 8;
  static final int PREFIX = 13;
  static final int MOST = 256 << 20;
  static final int TRACE_FRAMES = 12;
  static final int TRACE_CHARS = 4000;
  /** Bodies are laid together with their heads up to this size. */
  static final int TOGETHER = 1 << 16;

  /** What came in is no frame. */
  static final class Garbage extends RuntimeException {
    Garbage(String what) {
      super(what);
    }
  }

  /** What the class gave is not what it should; the message says it all. */
  static final class Wrong extends RuntimeException {
    Wrong(String what) {
      super(what);
    }
  }

  static final class Frame {
    int kind;
    int id;
    Map<String, Object> header;
    ByteBuffer body;
  }

  private final DataInputStream in;
  private final OutputStream out;
  private final byte[] prefix = new byte[PREFIX];

  private Object model;
  private Method predict;
  private boolean asArray;
  private String[] columns;
  private boolean single;
  private boolean window;
  private String[] outputs;

  private Runner(FileDescriptor incoming, FileDescriptor outgoing) {
    in = new DataInputStream(new BufferedInputStream(new FileInputStream(incoming), 1 << 16));
    out = new FileOutputStream(outgoing);
  }

  public static void main(String[] arguments) throws Exception {
    FileDescriptor incoming = arguments.length > 0 ? descriptor(Integer.parseInt(arguments[0])) : FileDescriptor.in;
    FileDescriptor outgoing = arguments.length > 1 ? descriptor(Integer.parseInt(arguments[1])) : FileDescriptor.out;
    PrintStream log = new PrintStream(new FileOutputStream(FileDescriptor.err), true, "UTF-8");
    System.setOut(log);
    System.setErr(log);
    int code = new Runner(incoming, outgoing).run();
    // Threads that the class left must not keep it from ending.
    System.exit(code);
  }

  /** Java opens no descriptor by its number but by this field. */
  private static FileDescriptor descriptor(int number) throws ReflectiveOperationException {
    FileDescriptor made = new FileDescriptor();
    Field field = FileDescriptor.class.getDeclaredField("fd");
    field.setAccessible(true);
    field.setInt(made, number);
    return made;
  }

  private int run() throws IOException {
    try {
      serve();
      return 0;
    } catch (Garbage error) {
      Map<String, Object> said = new LinkedHashMap<>();
      said.put("message", "what came in is refused: " + error.getMessage());
      send(ERROR, 0, said, null);
      return 2;
    }
  }

  private void serve() throws IOException {
    while (true) {
      Frame frame = read();
      if (frame == null || frame.kind == BYE) return;
      try {
        if (frame.kind == PING) send(PONG, frame.id, null, null);
        else if (frame.kind == HELLO && model == null) send(READY, frame.id, begin(frame.header), null);
        else if (frame.kind == BATCH && model != null) answer(frame);
        else throw new Garbage("a frame of kind " + frame.kind + " has no place here");
      } catch (Garbage | IOException error) {
        throw error;
      } catch (Throwable error) {
        send(ERROR, frame.id, trouble(error), null);
      }
    }
  }

  /** The next frame, or null at the end of the input. */
  private Frame read() throws IOException {
    int first = in.read();
    if (first < 0) return null;
    prefix[0] = (byte) first;
    try {
      in.readFully(prefix, 1, PREFIX - 1);
      ByteBuffer head = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN);
      long length = head.getInt(0) & 0xffffffffL;
      Frame frame = new Frame();
      frame.kind = prefix[4];
      frame.id = head.getInt(5);
      long headerLength = head.getInt(9) & 0xffffffffL;
      if (length < 9 || length + 4 > MOST || headerLength > length - 9 || frame.kind < HELLO || frame.kind > BYE)
        throw new Garbage("it is no frame");
      byte[] header = new byte[(int) headerLength];
      in.readFully(header);
      byte[] body = new byte[(int) (length - 9 - headerLength)];
      in.readFully(body);
      frame.header = header.length == 0 ? Map.of() : new Json(new String(header, StandardCharsets.UTF_8)).object();
      frame.body = ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
      return frame;
    } catch (EOFException end) {
      throw new Garbage("it ends in the middle of a frame");
    }
  }

  private void send(int kind, int id, Map<String, Object> header, ByteBuffer body) throws IOException {
    byte[] json = header == null ? new byte[0] : Json.write(header).getBytes(StandardCharsets.UTF_8);
    int size = body == null ? 0 : body.capacity();
    boolean together = size <= TOGETHER;
    ByteBuffer head = ByteBuffer.allocate(PREFIX + json.length + (together ? size : 0)).order(ByteOrder.LITTLE_ENDIAN);
    head.putInt(9 + json.length + size).put((byte) kind).putInt(id).putInt(json.length).put(json);
    if (together && size > 0) head.put(body.array());
    out.write(head.array());
    if (!together) out.write(body.array());
  }

  // ---- the class

  @SuppressWarnings("unchecked")
  private Map<String, Object> begin(Map<String, Object> hello) throws Throwable {
    if (((Number) hello.get("protocol")).intValue() != PROTOCOL)
      throw new Wrong("this runner speaks protocol " + PROTOCOL + ", not " + hello.get("protocol"));
    List<Object> named = (List<Object>) hello.get("columns");
    columns = named.stream().map(column -> (String) ((Map<String, Object>) column).get("name")).toArray(String[]::new);
    single = "float32".equals(hello.get("dtype"));
    window = hello.get("window") != null;
    outputs = ((List<Object>) hello.get("outputs")).toArray(new String[0]);
    Class<?> type = classOf((String) hello.get("entry"), (String) hello.get("class"));
    predict = predictOf(type);
    asArray = predict.getParameterTypes()[0].isArray();
    var constructor = type.getDeclaredConstructor();
    constructor.setAccessible(true);
    try {
      Object made = constructor.newInstance();
      for (Method method : type.getMethods())
        if (method.getName().equals("load") && method.getParameterCount() == 1) {
          method.setAccessible(true);
          method.invoke(made, contextFor(method.getParameterTypes()[0], hello));
        }
      model = made;
    } catch (InvocationTargetException error) {
      throw error.getCause();
    }
    Map<String, Object> ready = new LinkedHashMap<>();
    ready.put("protocol", PROTOCOL);
    ready.put("language", "java");
    ready.put("version", System.getProperty("java.version"));
    ready.put("schema", hello.get("schema"));
    ready.put("memoryBytes", Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
    return ready;
  }

  /** The class by its name, from a class path of jars, folders, `folder/*`, and source files, which are compiled. */
  private static Class<?> classOf(String path, String name) throws Exception {
    List<URL> urls = new ArrayList<>();
    for (String part : path.split(File.pathSeparator)) {
      if (part.endsWith(".java")) urls.add(compiled(part).toUri().toURL());
      else if (part.endsWith("*")) {
        File[] jars = new File(part.substring(0, part.length() - 1)).listFiles((folder, file) -> file.endsWith(".jar"));
        for (File jar : jars == null ? new File[0] : jars) urls.add(jar.toURI().toURL());
      } else if (new File(part).exists()) urls.add(new File(part).toURI().toURL());
      else throw new Wrong("there is no " + part);
    }
    URLClassLoader loader = new URLClassLoader(urls.toArray(new URL[0]), Runner.class.getClassLoader());
    Thread.currentThread().setContextClassLoader(loader);
    try {
      return Class.forName(name, true, loader);
    } catch (ClassNotFoundException error) {
      throw new Wrong("there is no class " + name + " on the class path " + path);
    }
  }

  private static Path compiled(String source) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    if (compiler == null) throw new Wrong("this Java has no compiler for " + source + ": give a jar, or install a JDK");
    Path folder = Files.createTempDirectory("millrace-java-");
    Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(folder.toFile())));
    var said = new java.io.ByteArrayOutputStream();
    if (compiler.run(null, said, said, "-encoding", "UTF-8", "-d", folder.toString(), source) == 0) return folder;
    throw new Wrong(said.toString(StandardCharsets.UTF_8).trim());
  }

  private static void remove(File file) {
    File[] inside = file.listFiles();
    if (inside != null) for (File one : inside) remove(one);
    file.delete();
  }

  private static Method predictOf(Class<?> type) {
    for (Method method : type.getMethods()) {
      if (!method.getName().equals("predict") || method.getParameterCount() != 1) continue;
      Class<?> rows = method.getParameterTypes()[0];
      if (rows != double[][].class && rows != double[][][].class && !rows.isAssignableFrom(List.class)) continue;
      method.setAccessible(true);
      return method;
    }
    throw new Wrong(
        "the class has no public method predict(double[][] rows) or predict(List<Map<String, Object>> rows)");
  }

  /** What `load` takes: an interface of the class's own, with path(String), settings() and log(String), or some of them. */
  @SuppressWarnings("unchecked")
  private static Object contextFor(Class<?> type, Map<String, Object> hello) {
    Map<String, Object> files = (Map<String, Object>) hello.get("files");
    if (!type.isInterface()) throw new Wrong("load takes an interface with path(String), settings() and log(String)");
    return Proxy.newProxyInstance(
        type.getClassLoader(),
        new Class<?>[] {type},
        (proxy, method, given) -> {
          switch (method.getName()) {
            case "settings":
              return hello.get("settings");
            case "log":
              System.err.println(given[0]);
              return null;
            case "path":
              if (files.containsKey(given[0])) return files.get(given[0]);
              throw new IllegalArgumentException(
                  "no file is called " + given[0] + "; there are " + new TreeSet<>(files.keySet()));
            case "toString":
              return "Context";
            default:
              throw new UnsupportedOperationException("a context has no " + method.getName());
          }
        });
  }

  // ---- a batch

  private void answer(Frame frame) throws Throwable {
    Map<String, Object> texts = map(frame.header.get("strings"));
    int steps = frame.header.containsKey("steps") ? ((Number) frame.header.get("steps")).intValue() : 1;
    int width = columns.length - texts.size();
    int bytes = single ? 4 : 8;
    int each = width * steps;
    int count =
        frame.header.containsKey("rows")
            ? ((Number) frame.header.get("rows")).intValue()
            : frame.body.capacity() / (each * bytes);
    if ((long) count * each * bytes != frame.body.capacity())
      throw new Wrong("a batch of " + count + " rows has " + frame.body.capacity() + " bytes");
    if (count == 0) {
      Map<String, Object> none = new LinkedHashMap<>();
      none.put("rows", 0);
      none.put("fields", List.of());
      none.put("values", Map.of());
      send(RESULT, frame.id, none, null);
      return;
    }
    Object given;
    try {
      given = predict.invoke(model, rows(frame.body, texts, count, steps, width));
    } catch (InvocationTargetException error) {
      throw error.getCause();
    } catch (IllegalArgumentException error) {
      throw new Wrong("predict takes " + predict.getParameterTypes()[0].getSimpleName() + ", which does not fit");
    }
    result(frame.id, columnsOf(given, count), count);
  }

  private double next(ByteBuffer body) {
    return single ? body.getFloat() : body.getDouble();
  }

  private Object rows(ByteBuffer body, Map<String, Object> texts, int count, int steps, int width) {
    if (asArray && !texts.isEmpty()) throw new Wrong("rows as an array hold numbers, and there are texts");
    if (window) {
      double[][][] cube = new double[count][steps][width];
      for (double[][] row : cube) for (double[] step : row) for (int k = 0; k < width; k++) step[k] = next(body);
      return asArray ? cube : windows(cube);
    }
    if (asArray) {
      double[][] rows = new double[count][width];
      for (double[] row : rows) for (int k = 0; k < width; k++) row[k] = next(body);
      return rows;
    }
    List<Map<String, Object>> rows = new ArrayList<>(count);
    for (int row = 0; row < count; row++) {
      Map<String, Object> record = new LinkedHashMap<>();
      for (int k = 0; k < columns.length; k++) {
        Object text = texts.get(String.valueOf(k));
        record.put(columns[k], text == null ? (Object) next(body) : ((List<?>) text).get(row));
      }
      rows.add(record);
    }
    return rows;
  }

  private List<Map<String, Object>> windows(double[][][] cube) {
    List<Map<String, Object>> rows = new ArrayList<>(cube.length);
    for (double[][] window : cube) {
      Map<String, Object> record = new LinkedHashMap<>();
      for (int k = 0; k < columns.length; k++) {
        double[] values = new double[window.length];
        for (int step = 0; step < values.length; step++) values[step] = window[step][k];
        record.put(columns[k], values);
      }
      rows.add(record);
    }
    return rows;
  }

  // ---- what predict gave

  /** By the name of an output, an array or list with a value a row. */
  private Map<String, Object> columnsOf(Object given, int count) {
    Map<String, Object> found = new LinkedHashMap<>();
    if (given instanceof Map) {
      for (String name : outputs) {
        Object column = ((Map<?, ?>) given).get(name);
        if (column == null) throw new Wrong("predict gave no " + name);
        found.put(name, counted(column, count));
      }
      return found;
    }
    if (given == null) throw new Wrong("predict gave no list of results");
    Object rows = given instanceof Collection ? ((Collection<?>) given).toArray() : given;
    counted(rows, count);
    boolean records = false;
    if (rows instanceof Object[]) for (Object row : (Object[]) rows) records |= row instanceof Map;
    for (String name : outputs) {
      Object[] column = new Object[count];
      if (records)
        for (int row = 0; row < count; row++) {
          Object one = ((Object[]) rows)[row];
          column[row] = one instanceof Map ? ((Map<?, ?>) one).get(name) : name.equals("result") ? one : null;
        }
      found.put(name, records || !name.equals("result") ? column : rows);
    }
    return found;
  }

  private static Object counted(Object column, int count) {
    Object array = column instanceof Collection ? ((Collection<?>) column).toArray() : column;
    if (!array.getClass().isArray())
      throw new Wrong("predict gave a " + column.getClass().getSimpleName() + " in place of a list of results");
    if (Array.getLength(array) != count)
      throw new Wrong("predict gave " + Array.getLength(array) + " results for " + count + " rows");
    return array;
  }

  private void result(int id, Map<String, Object> columns, int count) throws IOException {
    List<Object> fields = new ArrayList<>();
    Map<String, Object> values = new LinkedHashMap<>();
    List<double[][]> parts = new ArrayList<>();
    double[] only = null;
    int total = 0;
    for (Map.Entry<String, Object> column : columns.entrySet()) {
      if (column.getValue() instanceof double[] && outputs.length == 1) {
        // What nearly all results are.
        only = (double[]) column.getValue();
        total = 1;
        continue;
      }
      double[][] numbers = numbersOf(column.getValue(), count);
      if (numbers == null) values.put(column.getKey(), listOf(column.getValue()));
      else {
        Map<String, Object> field = new LinkedHashMap<>();
        field.put("name", column.getKey());
        field.put("width", numbers[0].length);
        fields.add(field);
        parts.add(numbers);
        total += numbers[0].length;
      }
    }
    ByteBuffer body = ByteBuffer.allocate(total * count * 8).order(ByteOrder.LITTLE_ENDIAN);
    for (int row = 0; row < count; row++) {
      if (only != null) body.putDouble(only[row]);
      for (double[][] part : parts) for (double value : part[row]) body.putDouble(value);
    }
    boolean bare = values.isEmpty() && (only != null || total == fields.size());
    Map<String, Object> header = null;
    if (!bare) {
      header = new LinkedHashMap<>();
      header.put("rows", count);
      header.put("fields", fields);
      header.put("values", values);
    }
    send(RESULT, id, header, body);
  }

  /** Numbers a row, or null when there is more than numbers, or not as many in each row. */
  private static double[][] numbersOf(Object column, int count) {
    double[][] found = new double[count][];
    for (int row = 0; row < count; row++) {
      Object value = Array.get(column, row);
      if (value instanceof Collection) value = ((Collection<?>) value).toArray();
      if (value instanceof Number || value == null)
        found[row] = new double[] {value == null ? Double.NaN : ((Number) value).doubleValue()};
      else if (value.getClass().isArray()) {
        found[row] = new double[Array.getLength(value)];
        for (int k = 0; k < found[row].length; k++) {
          Object one = Array.get(value, k);
          if (!(one instanceof Number)) return null;
          found[row][k] = ((Number) one).doubleValue();
        }
      } else return null;
      if (found[row].length != found[0].length) return null;
    }
    return found;
  }

  private static List<Object> listOf(Object column) {
    List<Object> list = new ArrayList<>();
    for (int i = 0; i < Array.getLength(column); i++) {
      Object value = Array.get(column, i);
      if (value instanceof Collection) value = ((Collection<?>) value).toArray();
      if (value != null && value.getClass().isArray()) value = listOf(value);
      else if (value instanceof Character || value instanceof Enum) value = value.toString();
      else if (value != null && !(value instanceof String || value instanceof Boolean || value instanceof Number || value instanceof List))
        throw new Wrong("a result is a " + value.getClass().getSimpleName() + "; a number, a text, a truth or a list of numbers can leave");
      list.add(value);
    }
    return list;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Object value) {
    return value == null ? Map.of() : (Map<String, Object>) value;
  }

  /** Message and stack of what the class threw, without the lines of this file and of Java's own reflection. */
  private static Map<String, Object> trouble(Throwable error) {
    Map<String, Object> said = new LinkedHashMap<>();
    String message = error instanceof Wrong ? error.getMessage() : error.toString();
    said.put("message", clip(message));
    if (error instanceof Wrong) return said;
    StringBuilder trace = new StringBuilder(message);
    int frames = 0;
    for (StackTraceElement at : error.getStackTrace()) {
      String name = at.getClassName();
      if (name.startsWith("Runner") || name.startsWith("java.lang.reflect.") || name.startsWith("jdk.internal.")) continue;
      if (++frames > TRACE_FRAMES) break;
      trace.append("\n  at ").append(at);
    }
    said.put("trace", clip(trace.toString()));
    return said;
  }

  private static String clip(String text) {
    return text.length() <= TRACE_CHARS ? text : text.substring(0, TRACE_CHARS);
  }

  /** JSON, which Java has not. Objects are maps in order, arrays lists, numbers doubles. */
  static final class Json {
    private final String text;
    private int at;

    Json(String text) {
      this.text = text;
    }

    @SuppressWarnings("unchecked")
    Map<String, Object> object() {
      try {
        Object value = value();
        blank();
        if (at == text.length() && value instanceof Map) return (Map<String, Object>) value;
      } catch (IndexOutOfBoundsException | NumberFormatException error) {
        // Said below.
      }
      throw new Garbage("a header is no JSON");
    }

    private void blank() {
      while (at < text.length() && text.charAt(at) <= ' ') at++;
    }

    private boolean skip(char wanted) {
      blank();
      if (text.charAt(at) != wanted) return false;
      at++;
      return true;
    }

    private void demand(char wanted) {
      if (!skip(wanted)) throw new Garbage("a header is no JSON");
    }

    private Object value() {
      blank();
      switch (text.charAt(at)) {
        case '{':
          return map();
        case '[':
          return list();
        case '"':
          return string();
        case 't':
          return word("true", true);
        case 'f':
          return word("false", false);
        case 'n':
          return word("null", null);
        default:
          return number();
      }
    }

    private Object word(String word, Object means) {
      if (!text.startsWith(word, at)) throw new Garbage("a header is no JSON");
      at += word.length();
      return means;
    }

    private Double number() {
      int from = at;
      while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) at++;
      return Double.valueOf(text.substring(from, at));
    }

    private String string() {
      StringBuilder found = new StringBuilder();
      for (at++; text.charAt(at) != '"'; at++) {
        char one = text.charAt(at);
        if (one != '\\') {
          found.append(one);
          continue;
        }
        char escape = text.charAt(++at);
        int known = "bfnrt".indexOf(escape);
        if (known >= 0) found.append("\b\f\n\r\t".charAt(known));
        else if (escape == 'u') {
          found.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
          at += 4;
        } else found.append(escape);
      }
      at++;
      return found.toString();
    }

    private List<Object> list() {
      List<Object> found = new ArrayList<>();
      demand('[');
      if (skip(']')) return found;
      do found.add(value());
      while (skip(','));
      demand(']');
      return found;
    }

    private Map<String, Object> map() {
      Map<String, Object> found = new LinkedHashMap<>();
      demand('{');
      if (skip('}')) return found;
      do {
        blank();
        if (text.charAt(at) != '"') throw new Garbage("a header is no JSON");
        String key = string();
        demand(':');
        found.put(key, value());
      } while (skip(','));
      demand('}');
      return found;
    }

    static String write(Object value) {
      StringBuilder out = new StringBuilder();
      write(out, value);
      return out.toString();
    }

    private static void write(StringBuilder out, Object value) {
      if (value == null) out.append("null");
      else if (value instanceof Number) {
        double number = ((Number) value).doubleValue();
        boolean whole = value instanceof Integer || value instanceof Long;
        out.append(Double.isFinite(number) ? (whole ? value.toString() : Double.toString(number)) : "null");
      } else if (value instanceof Boolean) out.append(value);
      else if (value instanceof Map) {
        String between = "{";
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
          out.append(between);
          write(out, entry.getKey().toString());
          out.append(':');
          write(out, entry.getValue());
          between = ",";
        }
        out.append(between.equals("{") ? "{}" : "}");
      } else if (value instanceof List) {
        String between = "[";
        for (Object item : (List<?>) value) {
          out.append(between);
          write(out, item);
          between = ",";
        }
        out.append(between.equals("[") ? "[]" : "]");
      } else quote(out, value.toString());
    }

    private static void quote(StringBuilder out, String text) {
      out.append('"');
      for (int i = 0; i < text.length(); i++) {
        char one = text.charAt(i);
        if (one == '"' || one == '\\') out.append('\\').append(one);
        else if (one < ' ' || Character.isSurrogate(one)) out.append(String.format("\\u%04x", (int) one));
        else out.append(one);
      }
      out.append('"');
    }
  }
}
