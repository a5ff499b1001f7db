// SPDX-License-Identifier: Apache-2.0
async function main(): Promise<void> {
  const answer = await fetch("/healthz");
  document.querySelector("#page")!.textContent = await answer.text();
}

void main();
