#!/bin/sh
# Runs once, when the database is made: one role owns the tables, the other may only work in them.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set owner="$MILLRACE_OWNER_PASSWORD" --set api="$MILLRACE_API_PASSWORD" <<'SQL'
CREATE ROLE millrace_owner LOGIN PASSWORD :'owner';
CREATE ROLE millrace_api LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'api';
CREATE DATABASE millrace OWNER millrace_owner;
SQL
