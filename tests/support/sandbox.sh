#!/bin/sh
# Makes the namespaces it runs in a machine of its own, with more packages than the one outside, and stays as its init.
# usage: sandbox.sh FOLDER PACKAGES   standard input: a line "TYPE TARGET OPTIONS" for each hierarchy of control groups
set -e
folder=$1
packages=$2
for name in usr etc; do
    mkdir -p "$folder/$name/upper" "$folder/$name/work"
    layers="lowerdir=$packages/$name:/$name,upperdir=$folder/$name/upper,workdir=$folder/$name/work"
    mount -t overlay -o "$layers" overlay "/$name"
done
mkdir -p /lib/modules # kind mounts it into its nodes; some machines have none
mount -t tmpfs -o mode=755 tmpfs /run
mount -t sysfs sysfs /sys
if [ -e "$folder/cgroup2" ]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
    mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
    while read -r type target options; do
        mkdir -p "/sys/fs/cgroup/$target"
        mount -t "$type" -o "$options" "$type" "/sys/fs/cgroup/$target"
    done
fi
ip link set lo up
touch "$folder/ready"
exec tini -s -- sleep infinity
