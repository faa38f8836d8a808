package tideline.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** To be run where no program is on the {@code PATH}: whatever would start one fails. */
class LocalFilesTest {

  private static final byte[] BYTES = "bytes".getBytes(StandardCharsets.UTF_8);

  @TempDir java.nio.file.Path folder;
  private FileSystem files;
  private Path file;

  @BeforeEach
  void open() throws IOException {
    Configuration conf = new Configuration();
    conf.set("fs.file.impl", LocalFiles.class.getName());
    conf.set(FsPermission.UMASK_LABEL, "027");
    file = new Path("file:" + folder, "a");
    files = FileSystem.newInstance(file.toUri(), conf);
  }

  private void write() throws IOException {
    try (var out = files.create(file, true)) {
      out.write(BYTES);
    }
  }

  private String permissions(String name) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(name)));
  }

  @Test
  void itIsWhatHadoopFindsForLocalPaths() {
    assertInstanceOf(LocalFiles.class, files);
  }

  @Test
  void aFileAndItsChecksumAreCreatedWithThePermissionsThatHadoopWantsAndWithoutAProgram() throws IOException {
    write();
    assertEquals("rw-r-----", permissions("a"));
    assertEquals("rw-r-----", permissions(".a.crc"));
    files.setPermission(file, new FsPermission((short) 0751));
    assertEquals("rwxr-x--x", permissions("a"));
  }

  @Test
  void aFileIsRenamedWithItsChecksumWithoutAProgram() throws IOException {
    write();
    files.rename(file, file.suffix("b"));
    assertEquals("rw-r-----", permissions("ab"));
    assertEquals("rw-r-----", permissions(".ab.crc"));
  }

  @Test
  void bytesThatChangedAreStillFound() throws IOException {
    write();
    Files.write(folder.resolve("a"), "Bytes".getBytes(StandardCharsets.UTF_8));
    try (var in = files.open(file)) {
      assertThrows(ChecksumException.class, in::readAllBytes);
    }
  }

  @Test
  void theBitThatJavaDoesNotKnowIsLeftToHadoop() throws IOException {
    Files.createDirectory(folder.resolve("a"));
    assertThrows(IOException.class, () -> files.setPermission(file, new FsPermission((short) 01777)));
  }
}
