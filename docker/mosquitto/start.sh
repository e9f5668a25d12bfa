#!/bin/sh
# Makes the accounts file at the first start: the director is the admin and keeps the accounts of the nodes.
set -eu
accounts=/mosquitto/data/dynamic-security.json
if [ ! -s "$accounts" ]; then
  mosquitto_ctrl dynsec init "$accounts" "$MQTT_ADMIN" "$MQTT_ADMIN_PASSWORD"
  chown mosquitto:mosquitto "$accounts"
  chmod 600 "$accounts"
fi
exec mosquitto -c /mosquitto/config/mosquitto.conf
