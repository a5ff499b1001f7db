/* SPDX-License-Identifier: Apache-2.0 */
package test;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.IntStream;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Range;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigDef.ValidString;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.source.SourceConnector;

/** Counts into a topic, or fails as it is told to. Its version, and whether it always fails, stand in tick.properties of its jar. */
public class TickSource extends SourceConnector {
    static final ConfigDef CONFIG =
            new ConfigDef()
                    .define("topic", Type.STRING, "ticks", Importance.HIGH, "where the numbers go")
                    .define("rate", Type.INT, 0, Range.between(0, 1000), Importance.HIGH, "numbers a second")
                    .define("note", Type.STRING, "", Importance.LOW, "anything")
                    .define("mode", Type.STRING, "plain", ValidString.in("plain", "loud"), Importance.LOW, "plain or loud")
                    .define("secret", Type.PASSWORD, null, Importance.LOW, "a password")
                    .define("api.token", Type.STRING, "", TickSource::checkToken, Importance.LOW, "a password by its name alone")
                    .define("fail.at.start", Type.STRING, "", Importance.LOW, "what its tasks say when they fail to start")
                    .define("fail.after.ms", Type.LONG, -1L, Importance.LOW, "when its tasks fail; -1: never")
                    .define("stop.ms", Type.LONG, 0L, Importance.LOW, "how long its tasks take to stop")
                    .define("start.ms", Type.LONG, 0L, Importance.LOW, "how long its tasks take to start")
                    .define("fail.with.secrets", Type.BOOLEAN, false, Importance.LOW, "its tasks fail and tell all they know");

    private Map<String, String> config;

    /* As careless validators do, it tells the value. */
    private static void checkToken(String name, Object value) {
        if (value != null && value.toString().startsWith("wrong"))
            throw new org.apache.kafka.common.config.ConfigException(name, value, "must not begin with wrong");
    }

    static Properties about() {
        Properties about = new Properties();
        try (InputStream file = TickSource.class.getResourceAsStream("/tick.properties")) {
            about.load(file);
        } catch (IOException problem) {
            throw new IllegalStateException(problem);
        }
        return about;
    }

    @Override
    public String version() {
        return about().getProperty("version");
    }

    @Override
    public void start(Map<String, String> properties) {
        config = properties;
    }

    @Override
    public void stop() {}

    @Override
    public Class<? extends Task> taskClass() {
        return TickTask.class;
    }

    @Override
    public List<Map<String, String>> taskConfigs(int most) {
        return IntStream.range(0, most).mapToObj(number -> config).toList();
    }

    @Override
    public ConfigDef config() {
        return CONFIG;
    }
}
