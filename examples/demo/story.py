# SPDX-License-Identifier: Apache-2.0
"""The demo's acts, in the order in which a team would live through them."""

import json
import shlex
import time
import xml.etree.ElementTree as xml

from errors import DemoError
from maven import start_maven
from server import DEVELOPER, MANAGER, Server, email, ended
from shop import BUSY_EVERY, REFUSED_EVERY, SANDBOXES, WAITING, Shop, watch
from work import EXAMPLES

CHANGES = EXAMPLES / "changes"
CONNECTORS = ("orders-source", "shipments-sink")
EXAMPLES_MAVEN = "https://maven.acme.example/releases"  # of the example's sluice.yaml
EXAMPLES_GIT = "https://git.acme.example/streaming"
AS_MANAGER = f"SLUICE_TOKEN=$(cat ../tokens/{MANAGER})"
SWITCHING = 120  # seconds for a version to run in dev, once it is built
WATCHED = 5  # seconds


class Story:
    def __init__(self, screen, shell, work):
        self.screen = screen
        self.shell = shell
        self.work = work
        self.server = Server(work, screen)
        self.shops = {environment: Shop(environment, work, screen) for environment in SANDBOXES}

    def tell(self):
        self.make_a_place()
        self.start_the_server()
        self.bring_the_first_versions()
        self.let_prod_have_them()
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
        say()
        say("Between the two connectors is a Kafka Streams application. Sluice makes its topics; it runs beside Connect:")
        self.work.copy("order-totals")
        self._build("order-totals", "mvn package")

    def start_the_server(self):
        say = self.screen.say
        self.screen.act("Git, a Maven repository with a password, and the server between them")
        start_maven(self.work, self.screen)
        self.work.copy("streaming", "declarations")
        self._localise()
        for name in CONNECTORS:
            self.work.copy(name)
        for name in ("declarations", *CONNECTORS):
            self._make_repository(name)
        self._push("declarations")
        self.server.start(self.shops)
        say("The declarations say what runs where, and from which repository each plugin is built:")
        self.shell.run("declarations", "sed -n '/^plugins:/,$p' sluice.yaml")
        say()
        say("The server's own file says who may do what, and whose code it builds. From here on people only push and approve:")
        self.screen.table([["who", "may", "token"],
                           [DEVELOPER, "write, and approve what others wrote", str(self.server.token_file(DEVELOPER))],
                           [MANAGER, "approve", str(self.server.token_file(MANAGER))]])
        say()
        say(f"sluice serve runs; it and its page are at {self.server.url}")
        say()
        say("Dev has to wait for its plugins. Prod could make the one topic that needs none, but there nothing changes without")
        say("a person's consent. Who wrote a change can't give it; the release manager can:")
        self._consent(self._wait_for_consent())

    def bring_the_first_versions(self):
        run = self.shell.run
        self.screen.act("Two pushes: built, published, locked, and running in dev")
        for name in CONNECTORS:
            self._push(name, shown=True)
        self.screen.say()
        for name in CONNECTORS:
            self._expect(name, "done")
        self._expect("dev", "done")
        self._begin_flow("dev")
        run("", "sluice runs")
        run("", "sluice logs orders-source | tail -n 6")
        run("", "sluice logs dev | grep -e ✓ -e healthy")
        self.screen.say()
        self.screen.say("What was built is locked by a commit of the server's, byte for byte:")
        self._show_commits()

    def let_prod_have_them(self):
        say = self.screen.say
        self.screen.act("Prod, once a person has said yes")
        say("Dev is healthy, so the same modules and versions are proposed for prod. No connector is there yet:")
        waiting = self._wait_for_consent()
        self.shell.run("", "curl -s $PROD_CONNECT_URL/connectors; echo")
        self._consent(waiting)
        self._begin_flow("prod")

    def bring_a_feature(self):
        say = self.screen.say
        self.screen.act("A feature: orders-source 1.1.0 tells each order's channel")
        self._merge("orders-source-1.1.0.patch")
        build = self._expect("orders-source", "done")
        seconds = self._wait_for_version("1.1.0", build)
        self._expect("dev", "done")
        self.shops["dev"].wait_for_channel("api")
        say()
        say(f"{seconds:.1f} s from the end of the build to RUNNING in dev: published, locked, the worker restarted once with both")
        say("versions, then the connector switched.")
        self._show_versions()
        say()
        say("Prod waits again:")
        self._consent(self._wait_for_consent())
        self._show_versions()

    def change_one_line(self):
        say, run = self.screen.say, self.shell.run
        self.screen.act("A change of one line")
        before = self.shops["dev"].median_ms()
        run("declarations", "git pull -q --rebase")
        run("declarations", "sed -i 's/interval: 1s/interval: 100ms/' environments/dev.yaml")
        run("declarations", "git diff --unified=0")
        run("declarations", "git commit -qam 'dev: poll ten times a second' && git push -q")
        say()
        self._expect("dev", "done")
        after = self.shops["dev"].median_ms()
        say()
        say(f"From order to shipment it took {before} ms in the median; now it takes {after} ms.")

    def bring_a_mistake(self):
        say, run = self.screen.say, self.shell.run
        self.screen.act("A mistake: orders-source 1.2.0 passes its tests, and fails on a worker")
        self._merge("orders-source-1.2.0.patch")
        self._expect("orders-source", "done")
        self._expect("dev", "rolled_back")
        run("", "sluice logs dev | sed -n '/rolled back/,$p'")
        say()
        say("It went back by itself, in Connect and in Git, and that version is held out of dev until a person lets it in:")
        self._show_versions()
        run("declarations", "git pull -q && git log -n 3 --format='%h %an: %s'")
        run("declarations", "sed -n '/\"holds\"/,/^  }/p' environments/dev.lock")

    def end_well(self):
        self.screen.act("What runs now")
        if not self.show_both():
            raise DemoError("the environments are not healthy at the end")
        self.screen.say()
        self.screen.say("Which version of what runs where, and how it came there, is in Git:")
        self._show_commits()
        self.show_flow()

    def show_both(self):
        """`status` of both environments; whether both are healthy."""
        return not any([self.shell.run("declarations", f"sluice status {environment}", expect=None)
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
        self.screen.say(f"The page is {self.server.url}; sign in as the release manager, who may approve, with what this prints:")
        self.screen.say(f"cat {self.server.token_file(MANAGER)}")
        self.screen.say()
        self.screen.say("Copy and paste, line by line:")
        for purpose, commands in self.next_commands():
            self.screen.say()
            self.screen.dim(f"  # {purpose}")
            for command in commands:
                self.screen.say(f"  {command}")

    def next_commands(self):
        demo = shlex.quote(str(self.work.me))
        patch = shlex.quote(str(CHANGES / "streaming-channel.patch"))
        return [
            ("go there, as the developer, with the variables that the declarations read",
             [f"cd {shlex.quote(str(self.work.folder / 'declarations'))} && . ../demo.env", "sluice runs"]),
            ("push a commit of your own, and follow it to dev: the server looks each second",
             ["git pull -q --rebase", f"git apply {patch}", "git commit -qam 'Name the channel of the orders' && git push -q",
              "sleep 5; sluice logs dev --follow"]),
            ("dev's module waits for prod now: approve it, here or on the page",
             ["sluice runs --open", f"{AS_MANAGER} sluice approve prod", "sluice logs prod --follow"]),
            ("change something by hand, and see that it is seen",
             ["git pull -q --rebase", "curl -s -X PUT $DEV_CONNECT_URL/connectors/shipments-sink/pause", "sluice plan dev",
              "sluice apply dev"]),
            ("what the warehouse got; what is up; end it all and remove what it made",
             ["curl -s $DEV_WAREHOUSE_URL/stats", f"{demo} status", f"{demo} down"]),
        ]

    def _localise(self):
        """Writes the demo's own repositories, and a state that people and the server share, into the declarations."""
        root = self.work.folder / "declarations"
        file = root / "sluice.yaml"
        text = file.read_text().replace(EXAMPLES_MAVEN, self.work.variables["MAVEN_URL"])
        file.write_text(text.replace(EXAMPLES_GIT, str(self.work.git)))
        for environment in SANDBOXES:
            with (root / "environments" / f"{environment}.yaml").open("a") as file:
                file.write(f"state: \"sqlite:{self.work.states / environment}.db\"\n")

    def _make_repository(self, name):
        """A bare repository, and a clone of it with a first commit that is not pushed yet."""
        self.shell.read("git", f"git init -q --bare -b main {name}.git")
        self.shell.read(name, f"git init -q -b main && git remote add origin ../git/{name}.git"
                              f" && git config user.name {DEVELOPER} && git config user.email {email(DEVELOPER)}"
                              " && git config commit.gpgsign false && git config branch.main.remote origin"
                              " && git config branch.main.merge refs/heads/main && git add ."
                              " && git commit -q -m 'As it begins'")

    def _push(self, name, shown=False):
        (self.shell.run if shown else self.shell.read)(name, "git push -q origin main")

    def _build(self, folder, command):
        self.shell.build(folder, command)
        jar = next(path for path in sorted((self.work.folder / folder / "target").glob(f"{folder}-*.jar"), reverse=True))
        self.screen.say(f"{jar.name}, {count_tests(self.work.folder / folder)} tests passed")

    def _merge(self, patch):
        path = CHANGES / patch
        title = path.read_text().partition("\n")[0]
        self.shell.run("orders-source", f"git apply --index {shlex.quote(str(path))}")
        self.shell.run("orders-source", f"git commit -qm {shlex.quote(title)} && git push -q")
        self.screen.say()

    def _expect(self, subject, state):
        return self.server.expect(self.server.follow(subject), state)

    def _wait_for_consent(self):
        """What waits for prod, shown."""
        waiting = self._expect("prod", "waiting")
        self.shell.run("", "sluice runs --open")
        return waiting

    def _consent(self, waiting):
        """As the release manager."""
        self.shell.run("declarations", f"{AS_MANAGER} sluice approve prod --auto-approve")
        self.screen.say()
        self.server.expect(self.server.follow_approved(waiting), "done")

    def _wait_for_version(self, version, build):
        """Until dev's source runs in it; gives the seconds since the build's end."""
        if self.screen.wait(f"waiting for {version} to run in dev",
                            lambda: self.shops["dev"].version("orders-source") == version, SWITCHING):
            return time.time() - ended(build, "build")
        self._expect("dev", "done")  # or it says why
        raise DemoError(f"orders-source {version} does not run in dev after {SWITCHING} s")

    def _begin_flow(self, environment):
        shop = self.shops[environment]
        shop.start_totals()
        stats = shop.wait_for_the_waiting()
        self.screen.say()
        self.screen.say(f"{WAITING} orders had waited: {stats['accepted']} are in the warehouse now, "
                        f"{stats['per_second']:.0f} a second; it refused {stats['rejected']}.")

    def _show_versions(self):
        self.screen.say()
        for name, shop in self.shops.items():
            self.screen.say(f"{name} runs orders-source {shop.version('orders-source')}")

    def _show_commits(self):
        self.shell.run("declarations", "git pull -q --rebase && git log --format='%h %an: %s'")

    def _show_services(self):
        rows = [["", *self.shops]]
        for label, name in (("Orders API", "ORDERS_URL"), ("Warehouse API", "WAREHOUSE_URL"),
                            ("Kafka", "BOOTSTRAP_SERVERS"), ("Connect", "CONNECT_URL")):
            rows.append([label, *(shop.get(name) for shop in self.shops.values())])
        self.screen.table(rows)


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
