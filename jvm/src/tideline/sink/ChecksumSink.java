package tideline.sink;

import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SQLContext;
import org.apache.spark.sql.delta.DeltaOperations;
import org.apache.spark.sql.delta.DeltaOptions;
import org.apache.spark.sql.delta.OptimisticTransaction;
import org.apache.spark.sql.delta.VersionChecksum;
import org.apache.spark.sql.delta.actions.FileAction;
import org.apache.spark.sql.delta.actions.SetTransaction;
import org.apache.spark.sql.delta.sources.DeltaSink;
import org.apache.spark.sql.streaming.OutputMode;
import org.apache.spark.sql.types.DataType;
import scala.Option;
import scala.Some;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Delta's sink, which learns from the version's checksum file which batch the table holds.
 *
 * <p>Delta 4.4 computes the table's whole state for that, after each batch: two Spark jobs, more than half of what a
 * small batch costs. Its next release reads the checksum file, too (delta-io/delta, pull request 6929); then this class
 * goes. Where the checksum does not say it, or the rows need a cast, Delta's own sink does the batch.
 */
public final class ChecksumSink extends DeltaSink {
  ChecksumSink(SQLContext context, Path path, Seq<String> partitions, OutputMode mode, DeltaOptions options) {
    super(context, path, partitions, mode, options, Option.empty());
  }

  @Override
  public void addBatch(long batch, Dataset<Row> rows) {
    OptimisticTransaction transaction =
        org$apache$spark$sql$delta$sources$DeltaSink$$deltaLog().startTransaction(catalogTable(), Option.empty());
    Option<Seq<SetTransaction>> known = transaction.snapshot().checksumOpt().flatMap(VersionChecksum::setTransactions);
    if (known.isEmpty() || !DataType.equalsIgnoreNullability(rows.schema(), transaction.metadata().schema())) {
      super.addBatch(batch, rows);
      return;
    }
    // As Delta does when it looks the batch up itself: a commit of the same query in between is a conflict.
    transaction.readTxn().addOne(queryId());
    if (newest(known.get()) >= batch) {
      return;
    }
    Seq<FileAction> files = transaction.writeFiles(rows, new Some<>(options()));
    DeltaOperations.StreamingUpdate update =
        new DeltaOperations.StreamingUpdate(outputMode(), queryId(), batch, options().userMetadata());
    Seq<FileAction> removed = CollectionConverters.asScala(List.<FileAction>of()).toSeq();
    new PendingTxn(batch, transaction, update, files, removed).commit();
  }

  /** The newest batch of this query that the table holds; -1 when it holds none. */
  private long newest(Seq<SetTransaction> transactions) {
    return CollectionConverters.asJava(transactions).stream()
        .filter(transaction -> transaction.appId().equals(queryId()))
        .mapToLong(SetTransaction::version)
        .max()
        .orElse(-1);
  }
}
