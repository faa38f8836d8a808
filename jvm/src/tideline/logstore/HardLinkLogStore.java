package tideline.logstore;

import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import java.util.stream.StreamSupport;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * Delta's log in a local folder ({@code file:}), for any number of processes on one table.
 *
 * <p>It gives the three guarantees of {@link io.delta.storage.LogStore}:
 *
 * <ul>
 *   <li><b>Atomic visibility.</b> The actions are written to a hidden temporary file beside the version and synced to
 *       the disk; only then does the file get the version's name. A crash leaves the whole version or none.
 *   <li><b>Mutual exclusion.</b> It gets that name by {@code link(2)}, which the kernel refuses when the name is taken,
 *       whoever took it. (A rename replaces what is there without a word, and asking first lets two writers in.) The
 *       refusal is a {@link FileAlreadyExistsException}; Delta then checks for conflicts and tries the next version.
 *   <li><b>Consistent listing.</b> A folder shows a name once it is linked; the folder is synced before a write returns,
 *       so that an acknowledged version survives a power cut. Temporary files are never listed.
 * </ul>
 *
 * <p>A write that fails deletes its temporary file; only a killed process leaves one, of a few kilobytes, that nobody
 * reads. Files that may be replaced get their name by an atomic rename. The file system must have hard links.
 */
public final class HardLinkLogStore extends AtomicLogStore {

  private static final String TEMPORARY = ".tmp";

  /** Called by Delta, by reflection. */
  public HardLinkLogStore(Configuration initial) {
    super(initial);
  }

  @Override
  public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration conf) throws IOException {
    java.nio.file.Path target = local(path, conf);
    java.nio.file.Path temporary = local(createTempPath(path), conf);
    try {
      writeSynced(temporary, actions);
      if (overwrite) {
        replace(temporary, target);
      } else {
        link(temporary, target);
      }
    } catch (FileAlreadyExistsException lost) {
      LostRaces.count(path);
      throw lost;
    } finally {
      Files.deleteIfExists(temporary);
    }
    syncFolder(target.getParent());
  }

  @Override
  public Iterator<FileStatus> listFrom(Path path, Configuration conf) throws IOException {
    Iterator<FileStatus> listed = super.listFrom(path, conf);
    Iterable<FileStatus> all = () -> listed;
    return StreamSupport.stream(all.spliterator(), false).filter(file -> !isTemporary(file.getPath())).iterator();
  }

  private static boolean isTemporary(Path path) {
    return path.getName().startsWith(".") && path.getName().endsWith(TEMPORARY);
  }

  private java.nio.file.Path local(Path path, Configuration conf) throws IOException {
    return java.nio.file.Path.of(resolvePathOnPhysicalStorage(path, conf).toUri().getPath());
  }

  private static void writeSynced(java.nio.file.Path file, Iterator<String> actions) throws IOException {
    // Not a channel: an interrupt would close it, in the middle of a commit.
    try (FileOutputStream out = new FileOutputStream(file.toFile())) {
      BufferedOutputStream buffered = new BufferedOutputStream(out);
      writeLines(buffered, actions);
      buffered.flush();
      out.getFD().sync();
    }
  }

  private static void link(java.nio.file.Path temporary, java.nio.file.Path target) throws IOException {
    try {
      Files.createLink(target, temporary);
    } catch (FileAlreadyExistsException lost) {
      throw lost;
    } catch (IOException | UnsupportedOperationException refused) {
      throw new IOException(
          target + " cannot be linked: a table needs a file system with hard links, local or S3", refused);
    }
  }

  private static void replace(java.nio.file.Path temporary, java.nio.file.Path target) throws IOException {
    // Hadoop's checksum of what another writer left there would make the new file unreadable.
    Files.deleteIfExists(target.resolveSibling("." + target.getFileName() + ".crc"));
    Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void syncFolder(java.nio.file.Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (ClosedByInterruptException interrupted) {
      // The version is visible, which must be told; who interrupted finds the thread's flag still set.
      return;
    }
  }
}
