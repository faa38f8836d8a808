package tideline.logstore;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.Iterator;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options.CreateFileOptionKeys;
import org.apache.hadoop.fs.Path;

/**
 * Delta's log on S3 ({@code s3a://}), for any number of drivers on one table.
 *
 * <p>It gives the three guarantees of {@link io.delta.storage.LogStore}:
 *
 * <ul>
 *   <li><b>Atomic visibility.</b> S3 shows an object when its upload is complete, in one part or in many, and not
 *       before. When writing the actions fails, the upload is aborted, so that half a commit is never completed.
 *   <li><b>Mutual exclusion.</b> A version is created by a PUT with {@code If-None-Match: *}: the store itself, not a
 *       lock within one JVM, lets one writer win and answers all others with 412, which becomes a {@link
 *       FileAlreadyExistsException}; Delta then checks for conflicts and tries the next version.
 *   <li><b>Consistent listing.</b> S3 lists what was written before. Nothing is cached here, so a listing is never older
 *       than the call, and it is sorted by name.
 * </ul>
 *
 * <p>An answer may get lost after the store has acted: the client sends the PUT again and gets 412 from its own object.
 * Each write therefore puts a UUID into the object's metadata. Whatever the failure was, the object is looked at before
 * anything is reported: our UUID means that this write won, another one (or none) that another writer did. Where there
 * is no object, or it cannot be read, the failure is passed on: then the outcome is unknown, and nothing else is said.
 *
 * <p>The store must honour the condition; Tideline's start-up probe checks it.
 */
public final class ConditionalPutLogStore extends AtomicLogStore {

  static final String WRITER = "tideline-writer";

  /** Called by Delta, by reflection. */
  public ConditionalPutLogStore(Configuration initial) {
    super(initial);
  }

  @Override
  public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration conf) throws IOException {
    FileSystem fs = path.getFileSystem(conf);
    String writer = UUID.randomUUID().toString();
    FSDataOutputStream out = create(fs, path, overwrite, writer);
    try {
      writeLines(out, actions);
    } catch (Throwable failure) {
      abort(out, failure);
      throw failure;
    }
    try {
      out.close();
    } catch (IOException failure) {
      if (overwrite || !isOwn(fs, path, writer, failure)) {
        throw failure;
      }
    }
  }

  private static FSDataOutputStream create(FileSystem fs, Path path, boolean overwrite, String writer)
      throws IOException {
    FSDataOutputStreamBuilder<?, ?> builder = fs.createFile(path);
    if (!overwrite) {
      // An option of the builder: `create(path, false)` asks first and writes then, or does not even ask.
      builder.must(CreateFileOptionKeys.FS_OPTION_CREATE_CONDITIONAL_OVERWRITE, true);
    }
    builder.must("fs.s3a.create.header." + WRITER, writer);
    return builder.build();
  }

  private static void abort(FSDataOutputStream out, Throwable failure) {
    IOException left = out.abort().anyCleanupException();
    if (left != null) {
      failure.addSuppressed(left);
    }
  }

  /** Whether the object is there by this write although it failed; throws when another write's object is there. */
  private static boolean isOwn(FileSystem fs, Path path, String writer, IOException failure) throws IOException {
    byte[] found;
    try {
      found = fs.getXAttrs(path).get("header." + WRITER);
    } catch (IOException unreadable) {
      failure.addSuppressed(unreadable);
      return false;
    }
    if (found != null && writer.equals(new String(found, StandardCharsets.UTF_8))) {
      return true;
    }
    FileAlreadyExistsException lost = new FileAlreadyExistsException(path.toString());
    lost.initCause(failure);
    throw lost;
  }
}
