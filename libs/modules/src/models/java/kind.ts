/** `model.java`: a class in Java over the records. */
import { z } from 'zod';
import { workerKind } from '../worker/declare.js';

export const kind = workerKind({
  type: 'model.java',
  title: 'Java model',
  summary: 'Runs a Java class over the records and adds what it gives.',
  docs: `
Runs a class in a Java of its own, 11 or newer. The class path is \`script\` (a jar, a folder of classes, or a source file)
and the jars of \`runtime\`. The class needs a constructor without arguments and nothing of Millrace's:

\`\`\`java
public class Score {
  public interface Context { String path(String name); java.util.Map<String, Object> settings(); void log(String text); }
  public void load(Context context) {}                 // once; may be left out
  public double[] predict(double[][] rows) {           // or List<Map<String, Object>> rows; as many results
    return java.util.Arrays.stream(rows).mapToDouble(row -> row[0] * 2).toArray();
  }
}
\`\`\`

The interface that \`load\` takes is the class's own, with any of these three methods. \`predict\` gives an array or a
list of numbers, texts, truths, arrays or maps, or a map with one of them a field. A source file, as \`code\` is one, needs
a Java with its compiler.
`,
  own: {
    class: z
      .string()
      .regex(/^[\w$]+(\.[\w$]+)*$/, 'the name of a class, with its package')
      .describe('Name of the class, with its package.'),
  },
  example: {
    settings: {
      class: 'Resistance',
      code:
        'public class Resistance {\n  public double[] predict(double[][] rows) {\n' +
        '    return java.util.Arrays.stream(rows).mapToDouble(row -> row[0] / row[1]).toArray();\n  }\n}\n',
      columns: ['pressure', 'flow'],
      outputs: [{ name: 'result', as: 'resistance' }],
      fallback: { resistance: -1 },
    },
  },
});
