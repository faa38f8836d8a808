package tideline.logstore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HardLinkLogStoreTest {

  private final Configuration conf = new Configuration();
  private final HardLinkLogStore store = new HardLinkLogStore(conf);

  @TempDir java.nio.file.Path folder;
  private Path log;

  @BeforeEach
  void name() {
    log = new Path("file:" + folder);
  }

  private List<String> files() throws IOException {
    try (var found = Files.list(folder)) {
      return found.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aVersionHoldsItsActionsAsLinesOfUtf8AndNothingElseStays() throws IOException {
    store.write(Logs.version(log, 0), Logs.lines("{\"a\":1}", "{\"b\":\"é☂\"}"), false, conf);
    String content = Files.readString(folder.resolve("00000000000000000000.json"));
    assertEquals("{\"a\":1}\n{\"b\":\"é☂\"}\n", content);
    assertEquals(List.of("{\"a\":1}", "{\"b\":\"é☂\"}"), Logs.read(store, Logs.version(log, 0), conf));
    assertEquals(List.of("00000000000000000000.json"), files());
  }

  @Test
  void aVersionThatIsTakenIsRefusedAndStaysAsItWas() throws IOException {
    Path version = Logs.version(log, 0);
    store.write(version, Logs.lines("first"), false, conf);
    assertThrows(FileAlreadyExistsException.class, () -> store.write(version, Logs.lines("second"), false, conf));
    assertEquals(List.of("first"), Logs.read(store, version, conf));
    assertEquals(List.of(version.getName()), files());
  }

  @Test
  void ofManyThreadsOneWinsEachVersionAndNothingIsLeft() throws Exception {
    assertEquals(Collections.nCopies(50, 1), Logs.race(store, log, 50, 8, conf));
    assertEquals(50, files().size());
  }

  @Test
  void everyLostRaceForAVersionIsCountedOnceAndNothingElseIs() throws Exception {
    Path ofTable = new Path(log, "_delta_log");
    Files.createDirectories(folder.resolve("_delta_log"));
    Logs.race(store, ofTable, 50, 8, conf);
    Path checksum = new Path(ofTable, "00000000000000000000.crc");
    store.write(checksum, Logs.lines("{}"), false, conf);
    assertThrows(FileAlreadyExistsException.class, () -> store.write(checksum, Logs.lines("{}"), false, conf));
    assertEquals(50 * 7, LostRaces.of(folder.toString()));
    assertEquals(0, LostRaces.of(folder + "/other"));
  }

  @Test
  void whileTheActionsAreWrittenNothingIsThereToBeReadOrListed() throws IOException {
    Iterator<String> watched = Stream.of("first", "second").peek(line -> nothingIsThere()).iterator();
    store.write(Logs.version(log, 0), watched, false, conf);
    assertEquals(List.of("first", "second"), Logs.read(store, Logs.version(log, 0), conf));
  }

  private void nothingIsThere() {
    try {
      assertEquals(List.of(), Logs.names(store, new Path(log, ".0"), conf));
      assertEquals(1, files().size(), "the temporary file that must not be listed");
    } catch (IOException unexpected) {
      throw new IllegalStateException(unexpected);
    }
    assertThrows(FileNotFoundException.class, () -> Logs.read(store, Logs.version(log, 0), conf));
  }

  @Test
  void aWriteThatFailsPublishesNothingAndLeavesNothing() throws IOException {
    Path version = Logs.version(log, 0);
    assertThrows(IllegalStateException.class, () -> store.write(version, Logs.failing("half"), false, conf));
    assertThrows(IllegalStateException.class, () -> store.write(version, Logs.failing("half"), true, conf));
    assertEquals(List.of(), files());
    store.write(version, Logs.lines("whole"), false, conf);
  }

  @Test
  void listingIsSortedByNameFromTheGivenOneOnAndSeesEachWriteAtOnce() throws IOException {
    for (int version : new int[] {10, 2, 9, 1}) {
      store.write(Logs.version(log, version), Logs.lines("x"), false, conf);
      assertTrue(Logs.names(store, Logs.version(log, 0), conf).contains(Logs.version(log, version).getName()));
    }
    List<String> expected = Stream.of(2, 9, 10).map(n -> Logs.version(log, n).getName()).toList();
    assertEquals(expected, Logs.names(store, Logs.version(log, 2), conf));
  }

  @Test
  void whatMayBeReplacedIsReplacedWholeAlsoWhereHadoopLeftAChecksum() throws IOException {
    Path path = new Path(log, "_last_checkpoint");
    try (FSDataOutputStream other = path.getFileSystem(conf).create(path)) {
      other.writeBytes("{\"version\":10}\n");
    }
    assertEquals(List.of("._last_checkpoint.crc", "_last_checkpoint"), files());
    store.write(path, Logs.lines("{\"version\":200}"), true, conf);
    assertEquals(List.of("{\"version\":200}"), Logs.read(store, path, conf));
    assertEquals(List.of("_last_checkpoint"), files());
  }

  @Test
  void anInterruptedThreadFinishesItsCommitAndKeepsItsFlag() throws IOException {
    Thread.currentThread().interrupt();
    store.write(Logs.version(log, 0), Logs.lines("whole"), false, conf);
    assertTrue(Thread.interrupted());
    assertEquals(List.of("whole"), Logs.read(store, Logs.version(log, 0), conf));
  }

  @Test
  void aNameWithSpacesAndPercentSignsIsTakenAsItIs() throws IOException {
    java.nio.file.Path odd = Files.createDirectory(folder.resolve("a %20 b"));
    Path version = Logs.version(new Path(log, "a %20 b"), 0);
    store.write(version, Logs.lines("x"), false, conf);
    assertTrue(Files.exists(odd.resolve(version.getName())));
  }

  @Test
  void nothingPartialIsEverVisible() {
    assertFalse(store.isPartialWriteVisible(Logs.version(log, 0), conf));
  }
}
