#!/bin/busybox sh
# First process of the virtual machine: lays a writable layer over the host's files, starts D-Bus and
# bluetoothd, runs one program and switches off.
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root LANG=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order
. /program

nine="trans=virtio,version=9p2000.L,msize=512000"
for share in host tools; do mount -t 9p -o "$nine,ro,cache=loose" "$share" "/$share"; done
mount -t tmpfs upper /upper
mkdir /upper/files /upper/work
mount -t overlay -o "lowerdir=/tools:/host,upperdir=/upper/files,workdir=/upper/work" host /root
for folder in proc sys dev; do mount -o bind "/$folder" "/root/$folder"; done
mount -t tmpfs run /root/run
mkdir -p /root/run/dbus /root/out
mount -t 9p -o "$nine" out /root/out

# A bus on which everybody may do everything: nobody else is here.
cat > /root/run/bus.conf <<END
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/>
    <allow send_type="method_call"/><allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/><allow receive_type="signal"/>
    <allow receive_type="method_return"/><allow receive_type="error"/>
  </policy>
</busconfig>
END
export PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin
chroot /root dbus-daemon --config-file=/run/bus.conf --fork
for daemon in /usr/libexec/bluetooth/bluetoothd /usr/lib/bluetooth/bluetoothd; do
  if chroot /root test -x "$daemon"; then chroot /root "$daemon" --nodetach > /root/out/bluetoothd.txt 2>&1 & break; fi
done
chroot /root "$@"
echo "the program ended with $?"
/bin/busybox poweroff -f
