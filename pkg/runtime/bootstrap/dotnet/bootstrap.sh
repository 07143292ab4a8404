#!/bin/sh
# Starts the language runtime of .NET; its arguments are the program dotnet, the
# folder of the code, that of layers, the handler and the heap's limit in bytes,
# hexadecimal.
dotnet=$1 code=$2 layers=$3 handler=$4 heap=$5
own=${0%/*}
# What a function needs beside .NET itself (ASP.NET Core) its own file says. One
# for .NET Core 1 or 2 can't hold: the bootstrap needs a newer one.
config=$own/bootstrap.runtimeconfig.json
its=$code/${handler%%::*}.runtimeconfig.json
if [ -f "$its" ] && ! grep -q '"version": *"[12]\.' "$its"; then
  config=$its
fi
# .NET Core 3.1 takes no newer ICU than it knew of, unless it is told which one is
# here, and starts without one only if it is told so.
icu=
for file in /usr/lib/libicuuc.so.*.* /usr/lib64/libicuuc.so.*.* /usr/lib/*/libicuuc.so.*.*; do
  [ -e "$file" ] && icu=${file##*/libicuuc.so.}
done
if [ -n "$icu" ]; then
  export CLR_ICU_VERSION_OVERRIDE="${CLR_ICU_VERSION_OVERRIDE:-$icu}"
else
  export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT="${DOTNET_SYSTEM_GLOBALIZATION_INVARIANT:-1}"
fi
# The one is read by .NET Core 3.1 and 5, the other by later ones.
export COMPlus_GCHeapHardLimit="${COMPlus_GCHeapHardLimit:-$heap}" DOTNET_GCHeapHardLimit="${DOTNET_GCHeapHardLimit:-$heap}"
# No files in /tmp that aren't the function's.
export COMPlus_EnableDiagnostics="${COMPlus_EnableDiagnostics:-0}" DOTNET_EnableDiagnostics="${DOTNET_EnableDiagnostics:-0}"
exec "$dotnet" exec --runtimeconfig "$config" --roll-forward Major "$own/bootstrap.dll" "$code" "$layers"
