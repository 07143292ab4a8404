#!/bin/sh
# Starts the language runtime of Java; its arguments are the command line. The
# Java program can't change its environment: what is between platform and runtime
# goes into arguments, and the rest of FC_* is left out of what the function sees.
set -f
api=${FC_RUNTIME_API:-127.0.0.1:19001}
limit=${FC_CONCURRENT_LIMIT:-1}
all=$(export -p)
while IFS= read -r line; do
  line=${line#declare -x }
  line=${line#export }
  name=${line%%=*}
  case $name in
    *[!A-Za-z0-9_]* | '') continue ;;
    FC_FUNC_CODE_PATH | FC_FUNCTION_MEMORY_SIZE | FC_RUNTIME_VERSION | FC_ACCOUNT_ID | FC_FUNCTION_HANDLER | \
      FC_FUNCTION_NAME | FC_SERVICE_NAME | FC_VER_ID | FC_FUNCTION_VERSION | FC_QUALIFIER | FC_REGION | FC_INSTANCE_ID) continue ;;
    FC_* | _FC_*) unset "$name" ;;
  esac
done <<END
$all
END
# shellcheck disable=SC2086  # a wrapper may have arguments
exec $BOOTSTRAP_WRAPPER "$@" "$api" "$limit"
