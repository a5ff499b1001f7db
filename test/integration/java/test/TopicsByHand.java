/* SPDX-License-Identifier: Apache-2.0 */
package test;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * What a person does to topics by hand: a command a line on stdin, an answer in JSON a line on stdout. list; create NAME PARTITIONS;
 * delete NAME; grow NAME PARTITIONS; set NAME KEY VALUE; describe NAME, which is null where there is none.
 */
public class TopicsByHand {
    private final Admin admin;

    TopicsByHand(Admin admin) {
        this.admin = admin;
    }

    public static void main(String[] arguments) throws Exception {
        ObjectMapper json = new ObjectMapper();
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[0]))) {
            TopicsByHand topics = new TopicsByHand(admin);
            for (String line; (line = commands.readLine()) != null; ) {
                System.out.println(json.writeValueAsString(topics.answer(line.split(" ", 4))));
                System.out.flush();
            }
        }
    }

    private Object answer(String[] words) throws InterruptedException {
        try {
            return Collections.singletonMap("answer", run(words));
        } catch (ExecutionException problem) {
            return Map.of("problem", problem.getCause().toString());
        }
    }

    private Object run(String[] words) throws ExecutionException, InterruptedException {
        switch (words[0]) {
            case "list":
                return new TreeSet<>(admin.listTopics().names().get());
            case "create":
                admin.createTopics(List.of(new NewTopic(words[1], Integer.parseInt(words[2]), (short) 1))).all().get();
                return true;
            case "delete":
                admin.deleteTopics(List.of(words[1])).all().get();
                return true;
            case "grow":
                admin.createPartitions(Map.of(words[1], NewPartitions.increaseTo(Integer.parseInt(words[2])))).all().get();
                return true;
            case "set":
                AlterConfigOp change = new AlterConfigOp(new ConfigEntry(words[2], words[3]), AlterConfigOp.OpType.SET);
                admin.incrementalAlterConfigs(Map.of(resource(words[1]), List.of(change))).all().get();
                return true;
            case "describe":
                return describe(words[1]);
            default:
                throw new IllegalArgumentException(words[0]);
        }
    }

    private Object describe(String name) throws ExecutionException, InterruptedException {
        Map<String, String> own = new TreeMap<>();
        try {
            TopicDescription topic = admin.describeTopics(List.of(name)).allTopicNames().get().get(name);
            for (ConfigEntry entry : admin.describeConfigs(List.of(resource(name))).all().get().get(resource(name)).entries())
                if (entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG)
                    own.put(entry.name(), entry.value());
            return Map.of("partitions", topic.partitions().size(), "config", own);
        } catch (ExecutionException problem) {
            if (problem.getCause() instanceof UnknownTopicOrPartitionException)
                return null;
            throw problem;
        }
    }

    private static ConfigResource resource(String topic) {
        return new ConfigResource(ConfigResource.Type.TOPIC, topic);
    }
}
