/* SPDX-License-Identifier: Apache-2.0 */
package test;

import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;

public class TickTask extends SourceTask {
    private static final Map<String, String> CLOCK = Map.of("clock", "tick");

    private AbstractConfig config;
    private long started;
    private long number;

    @Override
    public String version() {
        return TickSource.about().getProperty("version");
    }

    @Override
    public void start(Map<String, String> properties) {
        config = new AbstractConfig(TickSource.CONFIG, properties, false);
        linger("start.ms");
        started = System.currentTimeMillis();
        if (Boolean.parseBoolean(TickSource.about().getProperty("fails")))
            throw new IllegalStateException("version " + version() + " always fails");
        if (!config.getString("fail.at.start").isEmpty())
            throw new IllegalStateException("told to fail: " + config.getString("fail.at.start"));
        if (config.getBoolean("fail.with.secrets"))
            throw new IllegalStateException("no access with " + config.getPassword("secret").value() + " and " + config.getString("api.token"));
        Map<String, Object> offset = context.offsetStorageReader().offset(CLOCK);
        number = offset == null ? 0 : ((Number) offset.get("number")).longValue();
    }

    @Override
    public List<SourceRecord> poll() throws InterruptedException {
        long after = config.getLong("fail.after.ms");
        if (after >= 0 && System.currentTimeMillis() - started >= after)
            throw new IllegalStateException("failed after " + after + " ms");
        int rate = config.getInt("rate");
        Thread.sleep(rate == 0 ? 200 : Math.max(1, 1000 / rate));
        if (rate == 0)
            return null;
        number++;
        return List.of(new SourceRecord(CLOCK, Map.of("number", number), config.getString("topic"), Schema.INT64_SCHEMA, number));
    }

    @Override
    public void stop() {
        linger("stop.ms");
    }

    private void linger(String key) {
        try {
            Thread.sleep(config.getLong(key));
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        }
    }
}
