#!/bin/sh
# Installs the agent of Watchkeeper @@VERSION@@ on this machine, or removes it.
#   curl -fsSL https://hub.example/install.sh | sudo sh -s -- --url https://hub.example --token wke_...
# All of it stands within one pair of braces: a download that is cut short is no program, and does nothing.
{
set -eu

AGENT_SHA256='@@AGENT_SHA256@@'
NODE_X64_SHA256='@@NODE_X64_SHA256@@'
NODE_ARM64_SHA256='@@NODE_ARM64_SHA256@@'
SERVICE=watchkeeper-agent

URL='' TOKEN='' TOKEN_FILE='' PIN='' CA_FILE='' ROOT=''
ALLOW_HTTP='' DRY_RUN='' NO_SERVICE='' UNINSTALL=''
STAGE='' NODE='' NODE_ARCH='' NODE_SHA256=''

usage() {
  cat <<'END'
Installs the Watchkeeper agent: one file, its settings, and a systemd service that can only read.

  --url URL          address of the hub
  --token TOKEN      enrolment token of the hub's page; without it the key of an earlier installation stays
  --token-file FILE  the same, from a file
  --pin PIN          the hub's key must be this one: sha256//... as the hub prints it at its start
  --ca-file FILE     certificates of the authorities to trust, in PEM
  --allow-http       plain http to another machine: anyone on the way can read the key
  --no-service       only the files; prints how to start the agent
  --root DIR         everything below this folder, no need to be root; includes --no-service
  --dry-run          prints every step and changes nothing
  --uninstall        removes the agent with its settings, key and waiting reports
END
}

say() { printf '%s\n' "$*"; }

die() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

# Says what is done, and does it unless this is a dry run.
step() {
  say "- $1"
  shift
  if [ -z "$DRY_RUN" ]; then "$@"; fi
}

read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --url | --token | --token-file | --pin | --ca-file | --root)
        if [ $# -lt 2 ] || [ -z "$2" ]; then die "$1 needs a value; see --help"; fi
        ;;
    esac
    case $1 in
      --url) URL=${2%/} && shift ;;
      --token) TOKEN=$2 && shift ;;
      --token-file) TOKEN_FILE=$2 && shift ;;
      --pin) PIN=$2 && shift ;;
      --ca-file) CA_FILE=$2 && shift ;;
      --root) ROOT=${2%/} && NO_SERVICE=1 && shift ;;
      --allow-http) ALLOW_HTTP=1 ;;
      --no-service) NO_SERVICE=1 ;;
      --dry-run) DRY_RUN=1 ;;
      --uninstall) UNINSTALL=1 ;;
      --help | -h) usage && exit 0 ;;
      *) die "there is no option $1; see --help" ;;
    esac
    shift
  done
  case $ROOT in
    '' | /*) ;;
    *) ROOT=$(pwd)/$ROOT ;;
  esac
  APP=$ROOT/opt/$SERVICE
  CONF=$ROOT/etc/$SERVICE
  STATE=$ROOT/var/lib/$SERVICE
  UNIT=$ROOT/etc/systemd/system/$SERVICE.service
  KEY_FILE=$CONF/api-key
}

has_systemd() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; }

check_rights() {
  [ "$(uname -s)" = Linux ] || die 'this agent reads Linux; on other systems run a hub, which watches its own machine'
  if [ -n "$ROOT" ] || [ -n "$DRY_RUN" ] || [ "$(id -u)" = 0 ]; then return 0; fi
  die 'this needs root: put sudo in front of sh, or give --root DIR to install into a folder of yours'
}

is_this_machine() {
  host=${URL#http://}
  host=${host%%/*}
  case $host in
    \[::1\] | \[::1\]:*) return 0 ;;
  esac
  host=${host%%:*}
  case $host in
    localhost) return 0 ;;
    *[!0-9.]*) return 1 ;;
    127.*) return 0 ;;
  esac
  return 1
}

# What goes into files and addresses holds only what cannot mean anything else there.
check_values() {
  [ -n "$URL" ] || die '--url is missing: the address of the hub; see --help'
  case $URL in *[!][A-Za-z0-9.:/_~%-]*) die '--url holds characters that no address has' ;; esac
  case $URL in
    https://?*) ;;
    http://?*)
      is_this_machine || [ -n "$ALLOW_HTTP" ] ||
        die '--url is plain http: anyone on the way could read the key; use https, or --allow-http'
      ;;
    *) die '--url must begin with https:// or http://' ;;
  esac
  case $PIN in
    '') ;;
    *[!A-Za-z0-9+/=\;]*) die '--pin is no pin: it looks like sha256//...' ;;
    sha256//*) ;;
    *) die '--pin is no pin: it looks like sha256//...' ;;
  esac
  case $CA_FILE in
    '') ;;
    *) [ -r "$CA_FILE" ] || die "the file $CA_FILE cannot be read" ;;
  esac
  if [ -n "$TOKEN_FILE" ]; then
    TOKEN=$(cat "$TOKEN_FILE") || die "the file $TOKEN_FILE cannot be read"
  fi
  case $TOKEN in
    '') [ -s "$KEY_FILE" ] || [ -n "$DRY_RUN" ] || die '--token is missing: make one on the page, with Add monitor' ;;
    *[!A-Za-z0-9_]*) die '--token holds characters that no token has: copy it once more' ;;
    wke_*) ;;
    *) die '--token is not an enrolment token: it begins with wke_' ;;
  esac
  for tool in curl sha256sum sed tr; do
    command -v "$tool" >/dev/null 2>&1 || die "$tool is missing here: install it and run this again"
  done
}

# A Node.js that the service's own user can run too: not one below somebody's home.
find_node() {
  for name in node nodejs; do
    found=$(command -v "$name" 2>/dev/null) || continue
    found=$(readlink -f "$found") || continue
    if [ -z "$NO_SERVICE" ]; then
      case $found in
        /usr/* | /opt/* | /bin/*) ;;
        *) continue ;;
      esac
    fi
    major=$("$found" -p 'process.versions.node.split(".")[0]' 2>/dev/null) || continue
    case $major in '' | *[!0-9]*) continue ;; esac
    if [ "$major" -ge 18 ]; then
      NODE=$found
      return 0
    fi
  done
  case $(uname -m) in
    x86_64 | amd64) NODE_ARCH=x64 NODE_SHA256=$NODE_X64_SHA256 ;;
    aarch64 | arm64) NODE_ARCH=arm64 NODE_SHA256=$NODE_ARM64_SHA256 ;;
  esac
  [ -n "$NODE_SHA256" ] ||
    die "no Node.js 18 or later here, and this hub has none for $(uname -m): install one and run this again"
  NODE=$APP/node
}

curl_hub() {
  if [ -n "$CA_FILE" ]; then set -- --cacert "$CA_FILE" "$@"; fi
  if [ -n "$PIN" ]; then
    set -- --pinnedpubkey "$PIN" "$@"
    # The pin stands in for the authority; with an authority of one's own both have to hold.
    if [ -z "$CA_FILE" ]; then set -- --insecure "$@"; fi
  fi
  curl -q --connect-timeout 15 "$@"
}

open_stage() {
  mkdir -p "$ROOT/opt"
  STAGE=$(umask 077 && mktemp -d "$ROOT/opt/.$SERVICE.XXXXXX")
}

close_stage() {
  if [ -z "$STAGE" ]; then return 0; fi
  rm -rf "$STAGE"
  rmdir "$ROOT/opt" 2>/dev/null || :
}

# address, file, checksum
fetch() {
  curl_hub -fsS --retry 2 -o "$2" "$URL/$1" || die "$URL/$1 could not be fetched"
  sum=$(sha256sum "$2")
  [ "${sum%% *}" = "$3" ] || die "$URL/$1 is not what this script expects: its checksum is another one. Nothing was installed"
}

fetch_node() {
  fetch "agent/node-linux-$NODE_ARCH" "$STAGE/node" "$NODE_SHA256"
  chmod 0755 "$STAGE/node"
  "$STAGE/node" --version >/dev/null 2>&1 ||
    die "the hub's Node.js does not run here (it needs glibc): install Node.js 18 or later and run this again"
}

read_answer() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$STAGE/answer"; }

# Neither token nor key ever stands among the arguments of a process: printf is the shell's own.
enrol() {
  host=$(uname -n | tr -cd 'A-Za-z0-9._-' | cut -c 1-100)
  boot=$(tr -cd 'a-f0-9-' </proc/sys/kernel/random/boot_id 2>/dev/null) || boot=''
  machine=''
  if [ -s /etc/machine-id ]; then
    # As machine-id(5) asks: the id itself leaves the machine no more than a password would.
    machine=$(printf 'watchkeeper:%s' "$(cat /etc/machine-id)" | sha256sum)
    machine=${machine%% *}
  fi
  status=$(
    printf '{"token":"%s","hostname":"%s"%s%s}' "$TOKEN" "${host:-machine}" \
      "${boot:+,\"bootId\":\"$boot\"}" "${machine:+,\"machineId\":\"$machine\"}" |
      curl_hub -sS -o "$STAGE/answer" -w '%{http_code}' -H 'Content-Type: application/json' \
        --data-binary @- "$URL/api/agents/enrol"
  ) || die 'the hub did not answer: nothing was installed'
  [ "$status" = 200 ] || die "the hub refused ($status): $(read_answer detail)"
  key=$(read_answer apiKey)
  case $key in
    *[!A-Za-z0-9_]* | '') die 'the hub gave no key that could be read' ;;
  esac
  (umask 077 && printf '%s\n' "$key" >"$STAGE/api-key")
  say "  this machine is the monitor $(read_answer monitorName)"
}

write_settings() {
  {
    say "# Settings of the Watchkeeper agent, written by install.sh. The key is not among them."
    say "WATCHKEEPER_URL=$URL"
    if [ -n "$PIN" ]; then say "WATCHKEEPER_PIN=$PIN"; fi
    if [ -n "$CA_FILE" ]; then say "WATCHKEEPER_CA_FILE=$CONF/ca.pem"; fi
    if [ -n "$ALLOW_HTTP" ]; then say 'WATCHKEEPER_ALLOW_HTTP=1'; fi
    # A service gets both from systemd.
    if [ -n "$NO_SERVICE" ]; then
      say "WATCHKEEPER_KEY_FILE=$KEY_FILE"
      say "WATCHKEEPER_SPOOL=$STATE"
    fi
  } >"$STAGE/agent.conf"
  if [ -n "$CA_FILE" ]; then cat "$CA_FILE" >"$STAGE/ca.pem"; fi
}

# Each file takes its place whole: a running agent never sees half of one.
place_files() {
  mkdir -p "$APP" "$CONF"
  chmod 0755 "$APP" "$CONF"
  chmod 0644 "$STAGE/agent.cjs" "$STAGE/agent.conf"
  if [ -f "$STAGE/api-key" ]; then mv -f "$STAGE/api-key" "$KEY_FILE"; fi
  if [ -f "$STAGE/node" ]; then mv -f "$STAGE/node" "$APP/node"; fi
  if [ -f "$STAGE/ca.pem" ]; then chmod 0644 "$STAGE/ca.pem" && mv -f "$STAGE/ca.pem" "$CONF/ca.pem"; fi
  mv -f "$STAGE/agent.cjs" "$APP/agent.cjs"
  mv -f "$STAGE/agent.conf" "$CONF/agent.conf"
}

print_unit() {
  cat <<END
[Unit]
Description=Watchkeeper agent
Documentation=$URL
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
ExecStart=$NODE --max-old-space-size=48 --max-semi-space-size=1 $APP/agent.cjs --config $CONF/agent.conf
DynamicUser=yes
StateDirectory=$SERVICE
StateDirectoryMode=0700
LoadCredential=api-key:$KEY_FILE
Restart=always
RestartSec=5
TimeoutStopSec=10
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private
UMask=0077
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources @debug @mount @cpu-emulation @obsolete @reboot @swap @module @raw-io @clock
SystemCallErrorNumber=EPERM
MemoryMax=128M
TasksMax=64
CPUQuota=20%
LimitCORE=0

[Install]
WantedBy=multi-user.target
END
}

place_unit() {
  print_unit >"$STAGE/unit"
  chmod 0644 "$STAGE/unit"
  mv -f "$STAGE/unit" "$UNIT"
  systemctl daemon-reload
}

check_agent() {
  # The service keeps its spool itself.
  if [ -n "$NO_SERVICE" ]; then spool=$STATE; else spool=none; fi
  "$NODE" "$APP/agent.cjs" --config "$CONF/agent.conf" --key-file "$KEY_FILE" --spool "$spool" --check ||
    say '  not all is well, see above; the agent goes on trying'
}

# When the hub last received a report of this monitor, epoch milliseconds.
ask_last_received() {
  printf 'header = "X-API-Key: %s"\n' "$(cat "$KEY_FILE")" |
    curl_hub -sS -K - "$URL/api/monitoring/data" | sed -n 's/.*"lastReceivedAt":\([0-9]*\).*/\1/p'
}

start_service() {
  before=$(ask_last_received) || before=''
  systemctl enable --quiet "$SERVICE"
  systemctl restart "$SERVICE"
  tries=0
  while [ "$tries" -lt 60 ]; do
    now=$(ask_last_received) || now=$before
    if [ "$now" != "$before" ]; then
      say '  the hub has its first report'
      return 0
    fi
    tries=$((tries + 1))
    sleep 1
  done
  die "the hub has no report after a minute. See: journalctl -u $SERVICE"
}

remove_service() {
  systemctl disable --now --quiet "$SERVICE" 2>/dev/null || :
  rm -f "$UNIT"
  systemctl daemon-reload
}

remove_files() {
  rm -rf "$APP" "$CONF" "$STATE"
  # Where systemd keeps what belongs to a service without a user of its own.
  rm -rf "$ROOT/var/lib/private/$SERVICE"
  if [ -z "$ROOT" ]; then return 0; fi
  for folder in opt etc var/lib/private var/lib var; do rmdir "$ROOT/$folder" 2>/dev/null || :; done
}

uninstall() {
  if [ -z "$NO_SERVICE" ] && has_systemd; then step "stop and remove the service $SERVICE" remove_service; fi
  step "remove $APP, $CONF and $STATE" remove_files
  say 'Its monitor and history stay on the hub: delete the monitor there, if they are not wanted.'
}

install_agent() {
  check_values
  find_node
  step "prepare in $ROOT/opt" open_stage
  step "fetch $URL/agent.cjs and compare its checksum ($AGENT_SHA256)" fetch agent.cjs "$STAGE/agent.cjs" "$AGENT_SHA256"
  if [ -n "$NODE_ARCH" ]; then
    step "fetch a Node.js from $URL, as there is none here, and compare its checksum ($NODE_SHA256)" fetch_node
  else
    say "- use the Node.js that is here: $NODE"
  fi
  if [ -n "$TOKEN" ]; then step 'exchange the token for a report key of this machine' enrol; fi
  step "write the settings" write_settings
  step "put the agent into $APP, its settings into $CONF, its key into $KEY_FILE (readable for its owner alone)" place_files
  if [ -z "$NO_SERVICE" ] && has_systemd; then
    step 'try the way to the hub' check_agent
    step "write $UNIT" place_unit
    step "start the service $SERVICE and wait for the first report" start_service
    say "Done. Its log: journalctl -u $SERVICE · to remove it, run this script with --uninstall."
    return 0
  fi
  if [ -z "$NO_SERVICE" ]; then
    say 'No systemd runs here: the agent was not made a service.'
    NO_SERVICE=1
    step 'write the settings for a start by hand' place_settings
  fi
  step 'try the way to the hub' check_agent
  say 'Start the agent with:'
  say "  $NODE --max-old-space-size=48 --max-semi-space-size=1 $APP/agent.cjs --config $CONF/agent.conf"
}

place_settings() {
  write_settings
  chmod 0644 "$STAGE/agent.conf"
  mv -f "$STAGE/agent.conf" "$CONF/agent.conf"
}

main() {
  trap close_stage EXIT
  trap 'exit 1' HUP INT TERM
  read_arguments "$@"
  check_rights
  if [ -n "$DRY_RUN" ]; then say 'Dry run: this is what would be done, nothing is changed.'; fi
  if [ -n "$UNINSTALL" ]; then uninstall; else install_agent; fi
}

main "$@"
exit
}
