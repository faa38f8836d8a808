package tideline.logstore;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options.CreateFileOptionKeys;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.s3a.Constants;
import org.apache.hadoop.fs.s3a.Invoker;
import org.apache.hadoop.fs.s3a.S3AFileSystem;
import org.apache.hadoop.fs.s3a.S3ARetryPolicy;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CommonPrefix;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Object;

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
 *       than the call, and it is sorted by name. It begins at the name asked for, so that its cost does not grow with
 *       the log.
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

  /**
   * Lists from the name on, by S3's {@code start-after}: Hadoop has no such call and lists the whole log, a request per
   * thousand names, so that each commit would cost more than the one before.
   *
   * <p>Delta's VACUUM lists the folders of a table by the same call, and goes down into those that it is told of.
   */
  @Override
  public Iterator<FileStatus> listFrom(Path path, Configuration conf) throws IOException {
    S3AFileSystem fs = (S3AFileSystem) path.getFileSystem(conf);
    Path folder = fs.makeQualified(path.getParent());
    String name = path.getName();
    String prefix = folder.isRoot() ? "" : fs.pathToKey(folder) + "/";
    ListObjectsV2Request request =
        ListObjectsV2Request.builder()
            .bucket(fs.getBucket())
            .prefix(prefix)
            .delimiter("/")
            // S3 starts after a key, and this one shall be found: its beginning lies before it.
            .startAfter(prefix + name.substring(0, name.length() - 1))
            .maxKeys(conf.getInt(Constants.MAX_PAGING_KEYS, Constants.DEFAULT_MAX_PAGING_KEYS))
            .build();
    List<FileStatus> found = new ArrayList<>();
    for (ListObjectsV2Response page : pages(fs, request, conf)) {
      for (S3Object object : page.contents()) {
        Path file = fs.makeQualified(new Path("/" + object.key()));
        long modified = object.lastModified().toEpochMilli();
        found.add(new FileStatus(object.size(), false, 1, fs.getDefaultBlockSize(file), modified, file));
      }
      for (CommonPrefix below : page.commonPrefixes()) {
        found.add(new FileStatus(0, true, 1, 0, 0, fs.makeQualified(new Path("/" + below.prefix()))));
      }
    }
    if (found.isEmpty() && !fs.exists(folder)) {
      throw new FileNotFoundException(folder + " does not exist");
    }
    found.removeIf(status -> status.getPath().getName().compareTo(name) < 0);
    // Files and folders apart; and S3 answers in order, but not every store or kind of bucket promises it.
    found.sort(Comparator.comparing(FileStatus::getPath));
    return found.iterator();
  }

  /** Each with the retries that Hadoop's own requests have. */
  private static List<ListObjectsV2Response> pages(S3AFileSystem fs, ListObjectsV2Request first, Configuration conf)
      throws IOException {
    S3Client client = fs.getS3AInternals().getAmazonS3Client("listing a folder from a name on");
    Invoker invoker = new Invoker(new S3ARetryPolicy(conf), Invoker.NO_OP);
    List<ListObjectsV2Response> pages = new ArrayList<>();
    ListObjectsV2Request request = first;
    while (true) {
      ListObjectsV2Request page = request;
      ListObjectsV2Response answer =
          invoker.retry("list", first.prefix(), true, () -> client.listObjectsV2(page));
      pages.add(answer);
      if (!answer.isTruncated()) {
        return pages;
      }
      request = first.toBuilder().continuationToken(answer.nextContinuationToken()).build();
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
    LostRaces.count(path);
    throw lost;
  }
}
