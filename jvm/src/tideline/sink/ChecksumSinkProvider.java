package tideline.sink;

import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SQLContext;
import org.apache.spark.sql.delta.DeltaOptions;
import org.apache.spark.sql.execution.streaming.Sink;
import org.apache.spark.sql.sources.StreamSinkProvider;
import org.apache.spark.sql.streaming.OutputMode;
import scala.collection.immutable.Map;
import scala.collection.immutable.Seq;

/** The format by which a stream is written through {@link ChecksumSink}; its options are those of Delta. */
public final class ChecksumSinkProvider implements StreamSinkProvider {
  @Override
  public Sink createSink(SQLContext context, Map<String, String> options, Seq<String> partitions, OutputMode mode) {
    DeltaOptions known = new DeltaOptions(options, context.sparkSession().sessionState().conf());
    return new ChecksumSink(context, new Path(options.apply("path")), partitions, mode, known);
  }
}
