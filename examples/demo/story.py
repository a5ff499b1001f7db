# SPDX-License-Identifier: Apache-2.0
"""The demo's acts, in the order in which a team would live through them."""

import json
import shlex
import xml.etree.ElementTree as xml

from errors import DemoError
from shop import BUSY_EVERY, REFUSED_EVERY, SANDBOXES, WAITING, Shop, watch
from work import EXAMPLES

CHANGES = EXAMPLES / "changes"
NAME, EMAIL = "Sluice demo", "demo@acme.example"
REPOSITORY = "https://maven.acme.example/releases"  # of the example's sluice.yaml
WATCHED = 5  # seconds


class Story:
    def __init__(self, screen, shell, work):
        self.screen = screen
        self.shell = shell
        self.work = work
        self.shops = {environment: Shop(environment, work, screen) for environment in SANDBOXES}

    def tell(self):
        self.make_a_place()
        self.build_and_publish()
        self.apply_dev()
        self.promote_to_prod()
        self.bring_a_feature()
        self.change_one_line()
        self.bring_a_mistake()
        self.end_well()

    def make_a_place(self):
        say, run = self.screen.say, self.shell.run
        self.screen.act("Two environments on this machine")
        say(f"Everything is in {self.work.folder}; what listens, listens on 127.0.0.1.")
        say("A broker and a Connect worker for dev, and the same for prod:")
        for environment, sandbox in SANDBOXES.items():
            run("", f"sluice sandbox up {sandbox}")
            facts = json.loads(self.shell.read("", f"sluice sandbox status {sandbox} -o json"))
            self.shops[environment].set_addresses(facts)
        for shop in self.shops.values():
            shop.start_services()
        say()
        say("Each has an Orders API, where the flow begins, and a Warehouse API, where it ends:")
        self._show_services()

    def build_and_publish(self):
        self.screen.act("Two connectors, built by Maven and published to a Maven repository")
        for name in ("streaming", "orders-source", "shipments-sink"):
            self.work.copy(name)
            self._name_the_repository(self.work.folder / name / "sluice.yaml")
            self._commit_first(name)
        self.work.copy("order-totals")
        self.screen.say("Sluice publishes what Maven builds; Maven can do it itself. The repository is a folder here.")
        self._build("orders-source", "mvn package")
        self.shell.run("streaming", "sluice publish ../orders-source/target/orders-source-1.0.0.jar --repository acme")
        self._build("shipments-sink", "mvn deploy -DaltDeploymentRepository=acme::file://$PWD/../repository")
        self.screen.say()
        self.screen.say("Between the two is a Kafka Streams application. Sluice makes its topics; it runs beside Connect.")
        self._build("order-totals", "mvn package")

    def apply_dev(self):
        run = self.shell.run
        self.screen.act("Dev: from declarations to a running flow")
        run("streaming", "sluice validate")
        self.screen.say()
        self.screen.say("The lock says which versions dev gets, byte for byte; it is committed.")
        run("streaming", "sluice lock dev")
        self._commit("dev: orders-source 1.0.0, shipments-sink 1.0.0")
        run("streaming", "sluice apply dev --auto-approve")
        self._commit_reports()
        self._begin_flow("dev")

    def promote_to_prod(self):
        run = self.shell.run
        self.screen.act("Prod: the same modules and versions, promoted by a commit")
        run("streaming", "sluice promote dev prod")
        self._commit("promote dev to prod")
        run("streaming", "sluice apply prod --auto-approve")
        self._begin_flow("prod")

    def bring_a_feature(self):
        say, run = self.screen.say, self.shell.run
        self.screen.act("A feature: orders-source 1.1.0 tells each order's channel")
        self._merge("orders-source-1.1.0.patch")
        self._build("orders-source", "mvn package")
        run("streaming", "sluice publish ../orders-source/target/orders-source-1.1.0.jar --repository acme")
        say()
        say("Dev takes the newest version, and its module gets a variable for the channel:")
        run("streaming", "sluice lock dev --upgrade orders-source")
        run("streaming", f"git apply {shlex.quote(str(CHANGES / 'streaming-channel.patch'))}")
        self._commit("dev: orders-source 1.1.0, and its channel")
        say()
        say("The worker restarts once, with both versions installed; then the connector switches:")
        run("streaming", "sluice apply dev --auto-approve")
        self._commit_reports()
        self.shops["dev"].wait_for_channel("shop")
        say()
        say("Dev runs 1.1.0; prod stays at 1.0.0, and at the module as it was, until somebody promotes:")
        run("streaming", "sluice plan prod")
        self.show_both()
        self._show_channels()

    def change_one_line(self):
        say, run = self.screen.say, self.shell.run
        self.screen.act("A change of one line")
        before = self.shops["dev"].median_ms()
        run("streaming", "sed -i 's/interval: 1s/interval: 100ms/' environments/dev.yaml")
        run("streaming", "git diff --unified=0")
        self._commit("dev: poll ten times a second")
        say()
        say("A plan in a file is applied as it was seen, or refused:")
        run("streaming", "sluice plan dev --out ../dev.plan")
        run("streaming", "sluice apply ../dev.plan")
        after = self.shops["dev"].median_ms()
        say()
        say(f"From order to shipment it took {before} ms in the median; now it takes {after} ms.")

    def bring_a_mistake(self):
        say, run = self.screen.say, self.shell.run
        self.screen.act("A mistake: orders-source 1.2.0 passes its tests, and fails on a worker")
        self._merge("orders-source-1.2.0.patch")
        self._build("orders-source", "mvn package")
        run("streaming", "sluice publish ../orders-source/target/orders-source-1.2.0.jar --repository acme")
        run("streaming", "sluice lock dev --upgrade orders-source")
        self._commit("dev: orders-source 1.2.0")
        run("streaming", "sluice apply dev --auto-approve", expect=1)
        self.screen.dim("exit status 1")
        say()
        say("The connector went back by itself and runs 1.1.0. Git still says 1.2.0, so the lock goes back too:")
        run("streaming", "git checkout -q HEAD~1 environments/dev.lock && git commit -qm 'dev: back to orders-source 1.1.0'")
        run("streaming", "sluice plan dev")

    def end_well(self):
        self.screen.act("What runs now")
        if not self.show_both():
            raise DemoError("the environments are not healthy at the end")
        self.screen.say()
        self.screen.say("Which version of what runs where is in Git:")
        self.shell.run("streaming", "git log --oneline")
        self.show_flow()

    def show_both(self):
        """`status` of both environments; whether both are healthy."""
        return not any([self.shell.run("streaming", f"sluice status {environment}", expect=None)
                        for environment in SANDBOXES])

    def show_flow(self):
        """What went from REST to REST, and how fast."""
        self.screen.heading("From REST to REST")
        stats = watch(list(self.shops.values()), WATCHED, self.screen)
        rows = [[label, *(text(stat) for stat in stats)] for label, text in FLOW]
        self.screen.table([["", *self.shops], *rows])
        self.screen.say()
        self.screen.say(f"The warehouse refuses each {REFUSED_EVERY}st order for good, and is busy at each {BUSY_EVERY}th request.")

    def tell_what_next(self):
        self.screen.heading("It is all up. What to try next")
        self._show_services()
        self.screen.say()
        self.screen.say("Copy and paste, line by line:")
        for purpose, commands in self.next_commands():
            self.screen.say()
            self.screen.dim(f"  # {purpose}")
            for command in commands:
                self.screen.say(f"  {command}")

    def next_commands(self):
        demo = shlex.quote(str(self.work.me))
        return [
            ("go there, with the variables that the declarations read",
             [f"cd {shlex.quote(str(self.work.folder / 'streaming'))} && . ../demo.env"]),
            ("change a line, look at the plan, apply it",
             ["sed -i 's/interval: .*/interval: 3s/' environments/dev.yaml", "sluice plan dev", "sluice apply dev"]),
            ("bring to prod what is good in dev: 1.1.0, and the channel",
             ["git commit -qam 'dev: poll less often'", "sluice promote dev prod", "git commit -qam 'promote dev to prod'",
              "sluice apply prod"]),
            ("change something by hand, and see that it is seen",
             ["curl -s -X PUT $DEV_CONNECT_URL/connectors/shipments-sink/pause", "sluice plan dev", "sluice apply dev"]),
            ("what the warehouse got; what is up; end it all and remove what it made",
             ["curl -s $DEV_WAREHOUSE_URL/stats", f"{demo} status", f"{demo} down"]),
        ]

    def _name_the_repository(self, file):
        """Writes the demo's own Maven repository into the declarations."""
        if file.exists():
            file.write_text(file.read_text().replace(REPOSITORY, self.work.repository.as_uri()))

    def _commit_first(self, name):
        self.shell.read(name, f"git init -q -b main && git config user.name '{NAME}' && git config user.email {EMAIL}"
                              " && git config commit.gpgsign false && git add . && git commit -q -m 'As it begins'")

    def _build(self, folder, command):
        self.shell.build(folder, command)
        jar = next(path for path in sorted((self.work.folder / folder / "target").glob(f"{folder}-*.jar"), reverse=True))
        self.screen.say(f"{jar.name}, {count_tests(self.work.folder / folder)} tests passed")

    def _merge(self, patch):
        path = CHANGES / patch
        title = path.read_text().partition("\n")[0]
        self.shell.run("orders-source", f"git apply --index {shlex.quote(str(path))}")
        self.shell.run("orders-source", f"git commit -qm {shlex.quote(title)}")

    def _commit(self, message):
        self.shell.run("streaming", f"git add . && git commit -qm {shlex.quote(message)}")

    def _commit_reports(self):
        self._commit("dev: the versions that the worker reports")

    def _begin_flow(self, environment):
        shop = self.shops[environment]
        shop.start_totals()
        stats = shop.wait_for_the_waiting()
        self.screen.say()
        self.screen.say(f"{WAITING} orders had waited: {stats['accepted']} are in the warehouse now, "
                        f"{stats['per_second']:.0f} a second; it refused {stats['rejected']}.")

    def _show_services(self):
        rows = [["", *self.shops]]
        for label, name in (("Orders API", "ORDERS_URL"), ("Warehouse API", "WAREHOUSE_URL"),
                            ("Kafka", "BOOTSTRAP_SERVERS"), ("Connect", "CONNECT_URL")):
            rows.append([label, *(shop.get(name) for shop in self.shops.values())])
        self.screen.table(rows)

    def _show_channels(self):
        self.screen.say()
        for name, shop in self.shops.items():
            self.screen.say(f"{name}: the warehouse counts by channel: {counts(shop.stats()['channels'])}")


FLOW = [
    ("orders in the Orders API", lambda stats: str(stats["orders"])),
    ("accepted by the Warehouse API", lambda stats: str(stats["accepted"])),
    ("refused, now in shipments.dead", lambda stats: str(stats["rejected"])),
    ("busy at first, and sent again", lambda stats: str(stats["failed"])),
    ("by channel", lambda stats: counts(stats["channels"])),
    ("a second, now", lambda stats: f"{stats['now_per_second']:.1f}"),
    ("from order to shipment, median", lambda stats: f"{stats['latency_ms']['p50']} ms"),
    ("  95 of 100 within", lambda stats: f"{stats['latency_ms']['p95']} ms"),
]


def counts(numbers):
    return ", ".join(f"{name} {number}" for name, number in sorted(numbers.items()))


def count_tests(project):
    reports = (project / "target" / "surefire-reports").glob("TEST-*.xml")
    return sum(int(xml.parse(report).getroot().get("tests")) for report in reports)
