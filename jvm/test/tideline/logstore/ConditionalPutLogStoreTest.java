package tideline.logstore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.s3a.S3AFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Against a real store. The environment names it (S3_ENDPOINT, S3_BUCKET, the AWS variables), and a second road to it
 * that drops the answer of every second commit after the store has acted (S3_LOSSY_ENDPOINT), and a third on which
 * requests are counted (S3_COUNTED_ENDPOINT).
 */
class ConditionalPutLogStoreTest {

  private static final int MEGABYTE = 1 << 20;

  private final Configuration conf = configuration("S3_ENDPOINT");
  private final ConditionalPutLogStore store = new ConditionalPutLogStore(conf);
  private Path log;

  private static Configuration configuration(String endpoint) {
    Configuration conf = new Configuration();
    conf.set("fs.s3a.endpoint", System.getenv(endpoint));
    conf.set("fs.s3a.endpoint.region", "us-east-1");
    conf.set("fs.s3a.path.style.access", "true");
    // Small parts, so that a few megabytes are an upload in many.
    conf.set("fs.s3a.multipart.size", "5M");
    // The two roads have the same scheme and bucket: each needs a file system of its own.
    conf.set("fs.s3a.impl.disable.cache", "true");
    return conf;
  }

  @BeforeEach
  void name() {
    log = new Path("s3a://" + System.getenv("S3_BUCKET") + "/" + UUID.randomUUID() + "/_delta_log");
  }

  private List<String> names() throws IOException {
    return Logs.names(store, Logs.version(log, 0), conf);
  }

  private List<String> uploads() throws IOException {
    try (S3AFileSystem fs = (S3AFileSystem) log.getFileSystem(conf)) {
      List<String> keys = new ArrayList<>();
      var found = fs.listUploads(fs.pathToKey(log));
      while (found.hasNext()) {
        keys.add(found.next().key());
      }
      return keys;
    }
  }

  private static Stream<String> megabytes(int count) {
    return IntStream.range(0, count).mapToObj(n -> "x".repeat(MEGABYTE - 1));
  }

  private static String refuse() {
    throw new IllegalStateException("an action that cannot be written");
  }

  @Test
  void aVersionHoldsItsActionsAsLinesOfUtf8() throws IOException {
    store.write(Logs.version(log, 0), Logs.lines("{\"a\":1}", "{\"b\":\"é☂\"}"), false, conf);
    assertEquals(List.of("{\"a\":1}", "{\"b\":\"é☂\"}"), Logs.read(store, Logs.version(log, 0), conf));
  }

  @Test
  void aVersionThatIsTakenIsRefusedAndStaysAsItWas() throws IOException {
    Path version = Logs.version(log, 0);
    store.write(version, Logs.lines("first"), false, conf);
    assertThrows(FileAlreadyExistsException.class, () -> store.write(version, Logs.lines("second"), false, conf));
    assertEquals(List.of("first"), Logs.read(store, version, conf));
  }

  @Test
  void aVersionOfAWriterThatLeavesNoUuidIsRefused() throws IOException {
    Path version = Logs.version(log, 0);
    version.getFileSystem(conf).create(version, true).close();
    assertThrows(FileAlreadyExistsException.class, () -> store.write(version, Logs.lines("second"), false, conf));
  }

  @Test
  void aVersionOfManyPartsIsRefusedWhereItIsTaken() throws IOException {
    Path version = Logs.version(log, 0);
    store.write(version, megabytes(12).iterator(), false, conf);
    assertThrows(
        FileAlreadyExistsException.class, () -> store.write(version, megabytes(13).iterator(), false, conf));
    assertEquals(12, Logs.read(store, version, conf).size());
    assertEquals(List.of(), uploads());
  }

  @Test
  void ofManyThreadsOneWinsEachVersion() throws Exception {
    assertEquals(Collections.nCopies(20, 1), Logs.race(store, log, 20, 8, conf));
    assertEquals(20, names().size());
  }

  @Test
  void aLostAnswerIsNoLostRaceAndNoSecondVersion() throws IOException {
    Configuration lossy = configuration("S3_LOSSY_ENDPOINT");
    for (int version = 0; version < 20; version++) {
      store.write(Logs.version(log, version), Logs.lines("version " + version), false, lossy);
    }
    assertEquals(20, names().size());
    for (int version = 0; version < 20; version++) {
      assertEquals(List.of("version " + version), Logs.read(store, Logs.version(log, version), conf));
    }
  }

  @Test
  void aLostAnswerDoesNotTurnALostRaceIntoAVictory() throws Exception {
    Configuration lossy = configuration("S3_LOSSY_ENDPOINT");
    assertEquals(Collections.nCopies(10, 1), Logs.race(store, log, 10, 6, lossy));
  }

  @Test
  void aLostRaceIsCountedAndALostAnswerIsNot() throws IOException {
    Path ofTable = new Path(log, "_delta_log");
    for (int version = 0; version < 4; version++) {
      store.write(Logs.version(ofTable, version), Logs.lines("first"), false, configuration("S3_LOSSY_ENDPOINT"));
    }
    Path taken = Logs.version(ofTable, 0);
    assertThrows(FileAlreadyExistsException.class, () -> store.write(taken, Logs.lines("second"), false, conf));
    assertEquals(1, LostRaces.of(log.toString()));
  }

  @Test
  void aWriteThatFailsIsAbortedAndPublishesNothing() throws IOException {
    Path version = Logs.version(log, 0);
    assertThrows(IllegalStateException.class, () -> store.write(version, Logs.failing("half"), false, conf));
    assertThrows(IllegalStateException.class, () -> store.write(version, Logs.failing("half"), true, conf));
    assertThrows(FileNotFoundException.class, () -> Logs.read(store, version, conf));
  }

  @Test
  void anUploadOfManyPartsThatFailsIsAbortedAndLeavesNoPart() throws IOException {
    Path version = Logs.version(log, 0);
    Stream<String> failing = Stream.concat(megabytes(13), Stream.generate(ConditionalPutLogStoreTest::refuse));
    assertThrows(IllegalStateException.class, () -> store.write(version, failing.iterator(), false, conf));
    assertThrows(FileNotFoundException.class, () -> Logs.read(store, version, conf));
    assertEquals(List.of(), uploads());
    store.write(version, Logs.lines("whole"), false, conf);
  }

  @Test
  void whileTheActionsAreWrittenNothingIsThere() throws IOException {
    Path version = Logs.version(log, 0);
    store.write(version, megabytes(13).peek(line -> nothingIsThere(version)).iterator(), false, conf);
    assertEquals(List.of(version.getName()), names());
  }

  private void nothingIsThere(Path version) {
    assertThrows(FileNotFoundException.class, () -> Logs.read(store, version, conf));
  }

  @Test
  void listingIsSortedByNameFromTheGivenOneOnAndSeesEachWriteOfAnyoneAtOnce() throws IOException {
    Configuration others = configuration("S3_ENDPOINT");
    ConditionalPutLogStore other = new ConditionalPutLogStore(others);
    for (int version : new int[] {10, 2, 9, 1}) {
      other.write(Logs.version(log, version), Logs.lines("x"), false, others);
      assertTrue(names().contains(Logs.version(log, version).getName()));
    }
    List<String> expected = Stream.of(2, 9, 10).map(n -> Logs.version(log, n).getName()).toList();
    assertEquals(expected, Logs.names(store, Logs.version(log, 2), conf));
  }

  @Test
  void listingAsksForNothingThatLiesBeforeTheGivenName() throws IOException {
    for (int version = 0; version < 12; version++) {
      store.write(Logs.version(log, version), Logs.lines("x"), false, conf);
    }
    // Two names a page: who runs this counts the requests.
    Configuration counted = configuration("S3_COUNTED_ENDPOINT");
    counted.set("fs.s3a.paging.maximum", "2");
    List<String> expected = Stream.of(7, 8, 9, 10, 11).map(n -> Logs.version(log, n).getName()).toList();
    assertEquals(expected, Logs.names(store, Logs.version(log, 7), counted));
  }

  @Test
  void aLogThatIsNotThereIsNotFoundAndOneWithoutNewerVersionsIsEmpty() throws IOException {
    Path version = Logs.version(log, 3);
    assertThrows(FileNotFoundException.class, () -> Logs.names(store, version, conf));
    store.write(version, Logs.lines("x"), false, conf);
    assertEquals(List.of(), Logs.names(store, Logs.version(log, 4), conf));
  }

  @Test
  void vacuumIsToldOfFoldersToo() throws IOException {
    Path table = log.getParent();
    FileSystem fs = table.getFileSystem(conf);
    fs.create(new Path(table, "part-1.parquet"), true).close();
    fs.create(new Path(table + "/day=2024-03-01 00:00/part-2.parquet"), true).close();
    fs.create(new Path(table, "other/below/part-3.parquet"), true).close();
    fs.mkdirs(new Path(table, "empty"));
    List<String> expected = List.of("day=2024-03-01 00:00/", "empty/", "other/", "part-1.parquet");
    // As Delta's VACUUM asks for all that a folder holds.
    assertEquals(expected, listed(new Path(table, "\u0000")));
    assertEquals(List.of("part-3.parquet"), listed(new Path(table, "other/below/\u0000")));
    assertEquals(List.of("other/", "part-1.parquet"), listed(new Path(table, "n")));
  }

  private List<String> listed(Path from) throws IOException {
    List<String> names = new ArrayList<>();
    store
        .listFrom(from, conf)
        .forEachRemaining(status -> names.add(status.getPath().getName() + (status.isDirectory() ? "/" : "")));
    return names;
  }

  @Test
  void whatMayBeReplacedIsReplaced() throws IOException {
    Path path = new Path(log, "_last_checkpoint");
    for (String content : new String[] {"{\"version\":10}", "{\"version\":20}"}) {
      store.write(path, Logs.lines(content), true, conf);
      assertEquals(List.of(content), Logs.read(store, path, conf));
    }
  }

  @Test
  void aStoreThatCannotBeReachedIsAFailureAndNoLostRace() {
    Configuration nowhere = configuration("S3_ENDPOINT");
    nowhere.set("fs.s3a.endpoint", "http://127.0.0.1:1");
    nowhere.set("fs.s3a.attempts.maximum", "1");
    nowhere.set("fs.s3a.retry.limit", "1");
    Path version = Logs.version(log, 0);
    IOException failure =
        assertThrows(IOException.class, () -> store.write(version, Logs.lines("x"), false, nowhere));
    assertFalse(failure instanceof FileAlreadyExistsException, failure.toString());
  }

  @Test
  void nothingPartialIsEverVisible() {
    assertFalse(store.isPartialWriteVisible(Logs.version(log, 0), conf));
  }
}
