// What a visitor does with a wallet: each form is tried on the chain, told, signed by the wallet,
// and followed until it is final. Keys stay in the wallet; every text goes to textContent.
"use strict";
const side = document.getElementById("wallet");
const ERROR = "0x08c379a0"; // Error(string)
const FOLLOW = 1500, FINAL = 12; // milliseconds between looks, confirmations
const wallets = new Map();
let wallet = null, me = null, words = null;

// Words of wallets, nodes and contracts, without what steers or hides; at most 200 characters.
const inert = (text) => String(text).slice(0, 200).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd");

class Refusal extends Error {}

const ask = (method, params = []) => wallet.request({ method, params });
const quantity = (number) => "0x" + BigInt(number).toString(16);

function offer(name, provider) {
  if (wallets.has(name)) return;
  wallets.set(name, provider);
  const which = document.getElementById("which");
  which.add(new Option(name, name));
  which.hidden = wallets.size < 2;
}

window.addEventListener("eip6963:announceProvider", (event) => offer(inert(event.detail.info.name).slice(0, 40), event.detail.provider));
window.dispatchEvent(new Event("eip6963:requestProvider"));

function chosen() {
  if (!wallets.size && window.ethereum) offer("wallet", window.ethereum);
  const found = wallets.get(document.getElementById("which").value);
  if (!found) throw new Refusal("There is no wallet in this browser. Install one, or use the nrn command.");
  return found;
}

async function connect() {
  const found = chosen();
  if (wallet !== found) {
    wallet = found;
    if (wallet.on) {
      wallet.on("accountsChanged", (list) => show(list[0]));
      wallet.on("chainChanged", () => show(me));
    }
  }
  show((await ask("eth_requestAccounts"))[0]);
  if (!me) throw new Refusal("The wallet names no account.");
  const wanted = quantity(side.dataset.chain);
  if (quantity(await ask("eth_chainId")) !== wanted) {
    try {
      await ask("wallet_switchEthereumChain", [{ chainId: wanted }]);
    } catch (error) {
      throw new Refusal(`The wallet is on another chain. Switch it to chain ${side.dataset.chain}, and try again.`);
    }
    if (quantity(await ask("eth_chainId")) !== wanted) throw new Refusal("The wallet stayed on another chain.");
  }
}

function show(account) {
  me = account ? ethers.getAddress(account) : null;
  document.getElementById("account").textContent = me ? "as " + me : "No account is connected.";
}

// What was entered, as the contract takes it and as a person reads it.
function read(form) {
  const values = {}, texts = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    const text = field.value.trim(), kind = field.dataset.kind;
    try {
      if (kind === "ether") values[field.name] = ethers.parseEther(text);
      else if (kind === "address") values[field.name] = ethers.getAddress(text);
      else if (/^\d{1,9}$/.test(text)) values[field.name] = BigInt(text) * (kind === "days" ? 86400n : 1n);
      else throw new Error();
      if (kind === "ether" && values[field.name] <= 0n) throw new Error();
    } catch (error) {
      const what = { ether: "an amount above 0, such as 12.5", address: "an address: 0x and 40 hexadecimal digits", days: "a number of days" }[kind] || "a number";
      throw new Refusal(`“${text.slice(0, 60)}” is not ${what}.`);
    }
    texts[field.name] = field.tagName === "SELECT" ? field.selectedOptions[0].text : kind === "ether" ? ethers.formatEther(values[field.name]).replace(/\.0$/, "") : text;
  }
  return { values, texts };
}

function transaction(act, values) {
  const filled = (text) => (text.startsWith("$") ? values[text.slice(1)] : text);
  const contract = new ethers.Interface(["function " + act.call]);
  const data = contract.encodeFunctionData(act.call.split("(")[0], act.arguments.map(filled));
  return { from: me, to: act.to, data, value: quantity(act.value ? filled(act.value) : 0) };
}

// The reason of a contract, wherever a wallet hides it.
function reason(error, depth = 0) {
  if (typeof error === "string") {
    if (error.startsWith(ERROR)) {
      try { return ethers.AbiCoder.defaultAbiCoder().decode(["string"], "0x" + error.slice(10))[0]; } catch (_) { return ""; }
    }
    const told = /revert(?:ed)?:? (?:with reason string )?['"]?([a-z0-9]+: [a-z -]+)/.exec(error);
    return told ? told[1].trim() : "";
  }
  if (!error || typeof error !== "object" || depth > 4) return "";
  for (const key of ["data", "error", "originalError", "info", "cause", "message"]) {
    const found = reason(error[key], depth + 1);
    if (found) return found;
  }
  return "";
}

async function explained(error) {
  if (error instanceof Refusal) return error.message;
  if (error && (error.code === 4001 || error.code === "ACTION_REJECTED")) return "You declined in the wallet. Nothing was sent.";
  const why = inert(reason(error));
  if (!why) return "It would fail: " + inert((error && error.message) || error);
  try {
    words = words || (await (await fetch(document.body.dataset.root + "reasons.json")).json());
  } catch (_) { /* the contract's own word must do */ }
  return `The contract would refuse: ${words && words[why] ? `${words[why]} (${why})` : why}.`;
}

async function tried(call) {
  await ask("eth_call", [call, "latest"]);
  const gas = BigInt(await ask("eth_estimateGas", [call]));
  const limit = gas + gas / 5n;
  return { ...call, gas: quantity(limit), fee: limit * BigInt(await ask("eth_gasPrice")) };
}

async function allowing(act, values) {
  if (!act.allows) return null;
  const amount = values[act.allows.slice(1)], token = side.dataset.token;
  const erc20 = new ethers.Interface(["function allowance(address,address) view returns (uint256)", "function approve(address,uint256)"]);
  const data = erc20.encodeFunctionData("allowance", [me, act.to]);
  if (BigInt(await ask("eth_call", [{ to: token, data }, "latest"])) >= amount) return null;
  return { from: me, to: token, data: erc20.encodeFunctionData("approve", [act.to, amount]), value: "0x0" };
}

function confirmed(form, sentence, label) {
  const told = form.querySelector(".told");
  told.textContent = sentence + " ";
  return new Promise((resolve) => {
    for (const [text, answer] of [[label, true], ["Not now", false]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.addEventListener("click", () => resolve(answer), { once: true });
      told.append(button, " ");
    }
    told.querySelector("button").focus();
  });
}

// What was previewed is signed for the chain of the preview alone: elsewhere the address may be anybody's.
async function sent(call) {
  const { fee, ...rest } = call, chainId = quantity(side.dataset.chain);
  if (quantity(await ask("eth_chainId")) !== chainId) throw new Refusal("The wallet has changed to another chain meanwhile. Nothing was sent.");
  return ask("eth_sendTransaction", [{ ...rest, chainId }]);
}

// Tells the truth about a transaction until it is deep enough, or `say` is not heard any more; resolves once it is in a block.
function followed(hash, from, nonce, say) {
  return new Promise((resolve, reject) => {
    const look = async () => {
      try {
        const receipt = await ask("eth_getTransactionReceipt", [hash]);
        if (receipt && receipt.blockNumber) {
          const deep = BigInt(await ask("eth_blockNumber")) - BigInt(receipt.blockNumber) + 1n;
          const worked = BigInt(receipt.status) === 1n;
          const heard = say(worked ? `Done, in block ${BigInt(receipt.blockNumber)}.` : "It failed: the chain moved on between the trial and the block. Only its fee was spent.");
          if (worked) resolve(); else return reject(null);
          if (!heard || deep >= BigInt(FINAL)) return;
        } else if (BigInt(await ask("eth_getTransactionCount", [from, "latest"])) > nonce) {
          say("Another transaction of your account took its place: this one had no effect.");
          return reject(null);
        } else if (!(await ask("eth_getTransactionByHash", [hash]))) {
          say("The node does not know the transaction (any more): unless it appears again, nothing happened.");
        } else say("Sent. It waits for a block.");
      } catch (error) {
        say("The wallet does not answer: " + inert(error.message || error));
      }
      setTimeout(look, FOLLOW);
    };
    look();
  });
}

async function step(form, call, sentence, label) {
  const ready = await tried(call);
  const fee = `The fee is ${Number(ethers.formatEther(ready.fee)).toPrecision(2)} ETH at most.`;
  if (!(await confirmed(form, `${sentence} ${fee}`, label))) throw new Refusal("Nothing was sent.");
  const told = form.querySelector(".told");
  told.textContent = "Confirm it in the wallet.";
  const nonce = BigInt(await ask("eth_getTransactionCount", [call.from, "latest"]));
  const hash = await sent(ready);
  form.dataset.sent = hash;
  await followed(hash, call.from, nonce, (text) => {
    told.textContent = `${text} ${hash}`;
    return told.isConnected;
  });
}

async function perform(form) {
  const act = JSON.parse(form.dataset.act), before = form.querySelector(".told"), told = before.cloneNode(false);
  before.replaceWith(told); // what is still told of an earlier transaction is heard no more
  delete form.dataset.sent;
  form.dataset.busy = "yes";
  try {
    const { values, texts } = read(form);
    await connect();
    const allow = await allowing(act, values);
    if (allow) await step(form, allow, `First, let the contract take ${texts[act.allows.slice(1)]} NRN of yours, no more.`, "Allow");
    const says = act.says.replace(/\{(\w+)\}/g, (_, name) => texts[name]);
    await step(form, transaction(act, values), `${says} ${act.effect}`.trim(), "Sign in the wallet");
    form.reset();
  } catch (error) {
    if (error) told.textContent = await explained(error);
  } finally {
    delete form.dataset.busy;
  }
}

side.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!event.target.dataset.busy) perform(event.target);
});
document.getElementById("connect").addEventListener("click", () => connect().catch(async (error) => {
  document.getElementById("account").textContent = await explained(error);
}));
