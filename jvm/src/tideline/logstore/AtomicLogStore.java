package tideline.logstore;

import io.delta.storage.HadoopFileSystemLogStore;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** What Tideline's log stores share: a file of the log is visible whole or not at all. */
abstract class AtomicLogStore extends HadoopFileSystemLogStore {

  AtomicLogStore(Configuration initial) {
    super(initial);
  }

  /** False: so Delta writes checkpoints under their own names, without renaming. */
  @Override
  public final Boolean isPartialWriteVisible(Path path, Configuration conf) {
    return false;
  }

  /** Writes each action as a line of UTF-8, as Delta's protocol has it. */
  static void writeLines(OutputStream out, Iterator<String> actions) throws IOException {
    while (actions.hasNext()) {
      out.write((actions.next() + "\n").getBytes(StandardCharsets.UTF_8));
    }
  }
}
