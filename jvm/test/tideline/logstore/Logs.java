package tideline.logstore;

import io.delta.storage.CloseableIterator;
import io.delta.storage.LogStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/** What the tests do with a log store. */
final class Logs {

  private Logs() {}

  static Path version(Path log, int number) {
    return new Path(log, String.format("%020d.json", number));
  }

  static Iterator<String> lines(String... lines) {
    return List.of(lines).iterator();
  }

  /** One line, then a failure, as when an action cannot be serialised. */
  static Iterator<String> failing(String first) {
    return new Iterator<>() {
      private boolean begun;

      @Override
      public boolean hasNext() {
        return true;
      }

      @Override
      public String next() {
        if (begun) {
          throw new IllegalStateException("an action that cannot be written");
        }
        begun = true;
        return first;
      }
    };
  }

  static List<String> read(LogStore store, Path path, Configuration conf) throws IOException {
    List<String> lines = new ArrayList<>();
    try (CloseableIterator<String> found = store.read(path, conf)) {
      found.forEachRemaining(lines::add);
    }
    return lines;
  }

  static List<String> names(LogStore store, Path from, Configuration conf) throws IOException {
    List<String> names = new ArrayList<>();
    Iterator<FileStatus> found = store.listFrom(from, conf);
    found.forEachRemaining(file -> names.add(file.getPath().getName()));
    return names;
  }

  /** Calls at the same moment, from as many threads; what they return, in any order. */
  static <T> List<T> atOnce(List<Callable<T>> calls) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(calls.size());
    CountDownLatch start = new CountDownLatch(1);
    try {
      List<Future<T>> futures = new ArrayList<>();
      for (Callable<T> call : calls) {
        futures.add(
            threads.submit(
                () -> {
                  start.await();
                  return call.call();
                }));
      }
      start.countDown();
      List<T> results = new ArrayList<>();
      for (Future<T> future : futures) {
        results.add(future.get());
      }
      return results;
    } finally {
      threads.shutdownNow();
    }
  }

  /** Whether this write was the first of that version. */
  static boolean wins(LogStore store, Path path, String line, Configuration conf) throws IOException {
    try {
      store.write(path, lines(line), false, conf);
      return true;
    } catch (java.nio.file.FileAlreadyExistsException lost) {
      return false;
    }
  }

  /** Lets so many threads race for each version, and returns how often each version was won. */
  static List<Integer> race(LogStore store, Path log, int versions, int threads, Configuration conf) throws Exception {
    List<Integer> winners = new ArrayList<>();
    for (int version = 0; version < versions; version++) {
      Path path = version(log, version);
      List<Callable<Boolean>> calls = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        String line = "thread " + thread;
        calls.add(() -> wins(store, path, line, conf));
      }
      winners.add(Collections.frequency(atOnce(calls), true));
    }
    return winners;
  }
}
