# Lists what a file system has, but for what every container has of its own.
find / -xdev -mindepth 1 \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run -o -path /etc/hosts -o -path /etc/resolv.conf -o -path /etc/hostname -o -path /home/worker/files \) -prune \
  -o -type f -printf '%M %u:%g %n %s %Ts %p\n' -o -printf '%M %u:%g %p %l\n' 2>/dev/null | LC_ALL=C sort
