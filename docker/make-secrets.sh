#!/bin/sh
# Makes the passwords that compose.yaml mounts as files, once. The folder is closed to others; the files inside are
# readable, because the containers read them as users of their own.
set -eu
umask 022
folder=$(dirname "$0")/secrets
if [ -e "$folder/postgres-password" ]; then
  echo "$folder exists already: nothing changed"
  exit 0
fi
mkdir -p "$folder"
chmod 0700 "$folder"
password=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
printf 'postgres://watchkeeper:%s@postgres:5432/watchkeeper' "$password" > "$folder/database-url"
printf '%s' "$password" > "$folder/postgres-password"
echo "made $folder"
