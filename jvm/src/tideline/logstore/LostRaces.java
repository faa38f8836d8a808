package tideline.logstore;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.apache.hadoop.fs.Path;

/**
 * How often a commit of this JVM found its version taken by another writer, by table. Delta then looks what the other
 * one did and, where that is no conflict, tries the next version; how often it did it does not tell.
 */
public final class LostRaces {

  private static final Map<String, LongAdder> BY_LOG = new ConcurrentHashMap<>();

  private LostRaces() {}

  static void count(Path file) {
    if (file.getName().endsWith(".json")) {
      BY_LOG.computeIfAbsent(name(file.getParent()), log -> new LongAdder()).increment();
    }
  }

  /** The races that commits to the table in this folder lost since the JVM started. */
  public static long of(String table) {
    LongAdder lost = BY_LOG.get(name(new Path(table, "_delta_log")));
    return lost == null ? 0 : lost.sum();
  }

  /** Without the scheme: the same folder is called {@code /x}, {@code file:/x} and {@code file:///x}. */
  private static String name(Path folder) {
    return folder.toUri().getPath();
  }
}
