"""What people are told about every event: cause and remedy, in English and Chinese.

A row is five lines: id, cause, remedy, cause and remedy in Chinese. A remedy names what a person can do; an
event that asks for nothing has a dash. Below them what the choices of a HOLD are called.
"""

from __future__ import annotations

from collections.abc import Mapping

_ROWS = """
estop_open
The emergency stop chain is open.
Make sure that nobody is in danger, close the chain, then reset.
急停回路断开。
确认无人处于危险中，复位急停按钮，然后复位。
board_stopped
The bridge board has stopped the drives by itself.
Look up the board's stop cause, mend it, then reset and arm again.
桥接板已自行停止驱动器。
查看桥接板停止原因，排除后复位并重新解锁。
board_rebooted
The bridge board has restarted.
Check the 48 V supply and the connector, then reset and arm again.
桥接板已重启。
检查48伏电源和插头，然后复位并重新解锁。
drive_reset
A drive has restarted and lost its configuration.
Check its supply, then reset; the drive must be configured again before arming.
驱动器已重启并丢失配置。
检查其电源后复位；解锁前必须重新配置该驱动器。
drive_fault
A drive has switched itself off with a fault.
Read the fault of the axis, mend its cause, then reset.
驱动器因故障自行关断。
查看该轴故障码，排除原因后复位。
drive_overheated
A drive has stayed too hot although the robot slowed down.
Let it cool, look for a jammed axis or a slope too steep, then reset.
减速后驱动器仍然过热。
等待冷却，检查轴是否卡滞或坡度过大，然后复位。
drive_hot
A drive is hot and gives less than was asked; the robot goes slowly.
Wait, or hold to let it cool.
驱动器过热降额，机器人减速运行。
等待，或暂停使其冷却。
link_lost
The wire to the bridge board or to a motor controller is disconnected.
Check cable and connector, then reset and arm again.
与桥接板或电机控制器的连接已断开。
检查电缆和插头，然后复位并重新解锁。
link_bad
Too many frames on the wire are damaged.
Check cable, shield and connector, then reset.
线路上损坏的帧过多。
检查电缆、屏蔽层和插头，然后复位。
link_noisy
Some frames on the wire are damaged.
Check cable and shield at the next occasion.
线路上有损坏的帧。
有机会时检查电缆和屏蔽层。
feedback_lost
No measurement from the drives for more than 100 ms; nothing is sent any more.
Check wire and board, then reset and arm again.
超过100毫秒没有驱动器反馈，已停止发送指令。
检查线路和桥接板，然后复位并重新解锁。
feedback_stale
Measurements from the drives arrive late; the robot goes slowly.
If it lasts, hold and check the wire.
驱动器反馈延迟，机器人减速运行。
如持续出现，请暂停并检查线路。
feedback_garbage
A drive reports something that is not a number.
Check encoder and wire of the axis, then reset.
驱动器反馈了无效数值。
检查该轴编码器和线路，然后复位。
identity_mismatch
The board is not the expected one: protocol, firmware, configuration or serial number differ.
Connect the right board, or load its firmware and configuration again.
桥接板与预期不符：协议、固件、配置或序列号不同。
连接正确的桥接板，或重新写入固件和配置。
axis_stalled
An axis was told to move and does not.
Look for something jammed or a stuck encoder, then reset.
某轴收到运动指令但未运动。
检查是否卡滞或编码器失效，然后复位。
encoder_wrong
An encoder contradicts the other measurements.
Check the encoder of the axis: cable, sign, scale; then reset.
编码器读数与其他测量矛盾。
检查该轴编码器的接线、方向和比例，然后复位。
rotor_disagrees
Encoder and absolute sensor of the rotor disagree.
Check both sensors and the rotor's gear, then reset.
转子编码器与绝对角度传感器不一致。
检查两个传感器和转子传动，然后复位。
wheel_slip
A wheel slips; the robot goes slowly.
If the conductor is wet or icy, consider waiting.
车轮打滑，机器人减速运行。
如导线潮湿或结冰，请考虑等待。
wheel_slip_long
A wheel keeps slipping.
Dry or clean the conductor and wheel, or raise the pinch, then resume.
车轮持续打滑。
擦干或清洁导线和车轮，或增大夹紧力，然后继续。
odometer_lost
The odometer roller is lost; the wheels measure alone.
Check the roller at the next stop.
里程轮失效，仅由车轮测量。
下次停机时检查里程轮。
odometry_lost
Neither odometer nor wheels can be trusted; the distance is unknown.
Check roller and wheels, then resume.
里程轮和车轮均不可信，行程未知。
检查里程轮和车轮，然后继续。
imu_lost
The inertial sensor is lost; roll and slope are unknown.
Check the sensor, then resume.
惯性传感器失效，横滚和坡度未知。
检查传感器，然后继续。
slope_unknown
The slope is not known well; the robot goes slowly.
-
坡度不确定，机器人减速运行。
-
roll_high
The robot leans noticeably; it goes slowly.
Watch the wind.
机器人横滚偏大，减速运行。
注意风况。
roll_limit
The robot leans more than allowed.
Wait for less wind, check the counterweight, then resume.
机器人横滚超限。
等待风减弱，检查配重，然后继续。
tension_sensor_lost
The cable's load cell cannot be trusted.
Check load cell and its cable, then reset.
光缆张力传感器不可信。
检查张力传感器及其接线，然后复位。
dancer_lost
The dancer's position cannot be trusted.
Check the dancer and its sensor, then resume.
张力摆杆位置不可信。
检查摆杆及其传感器，然后继续。
tension_off
The cable's tension is outside its band.
Watch the coil; it may be jammed or running out.
光缆张力超出范围。
注意线盘，可能卡住或即将用尽。
cable_snag
The cable's tension has jumped: it is caught.
Do not drive back. Free the cable, then reset.
光缆张力突增：光缆被挂住。
不要后退。松开光缆，然后复位。
cable_break
The cable's tension is gone: it is broken or off its guide.
Find the end of the cable, splice or thread it, then reset.
光缆张力消失：光缆断裂或脱出导轮。
找到光缆端头，接续或重新穿线，然后复位。
coupling_error
The rotor does not follow the carriages.
Look for a jammed rotor, then reset; check the pitch of the last turns.
转子未跟随小车。
检查转子是否卡滞，然后复位；检查最后几圈节距。
contact
The robot pushes against something.
Look what it touches; back off or take it away, then reset.
机器人顶到了物体。
查看接触物；后退或移除，然后复位。
overspeed
The robot is faster than allowed.
Check brakes and wheels, then reset.
机器人超速。
检查制动器和车轮，然后复位。
runaway
The robot moves although its brakes are on.
Secure the robot, check brakes and pinch, then reset.
制动状态下机器人仍在移动。
固定机器人，检查制动器和夹紧力，然后复位。
grip_unloaded
A carriage is closed but does not carry.
Look whether the conductor lies in the carriage, then clamp again by hand.
小车已闭合但未承载。
查看导线是否在小车内，然后手动重新夹紧。
grip_sensor_lost
A carriage's pinch or load is not measured; no crossing is begun.
Check the force sensors of the carriages, then resume.
小车夹紧力或载荷无法测量，不会开始跨越。
检查小车力传感器，然后继续。
support_unmeasured
It is not measured that the carriages hold the robot.
Secure the robot, check grips and load sensors, then reset.
未测得小车可靠支撑机器人。
固定机器人，检查夹爪和载荷传感器，然后复位。
camera_lost
There is no new picture from the camera.
Check the camera and its cable, then resume.
相机没有新图像。
检查相机及其电缆，然后继续。
camera_unsure
The camera does not see clearly; no crossing is begun.
Clean the lens or wait for other light, then resume.
相机视野不清，不会开始跨越。
清洁镜头或等待光线改善，然后继续。
position_unsure
The robot's place on the line is not known well; it goes slowly.
-
机器人在线路上的位置不确定，减速运行。
-
battery_low
The battery has only the reserve left.
Bring the robot to where it can be taken off, change the battery.
电池仅剩储备电量。
将机器人移至可取下处，更换电池。
battery_critical
The battery is empty.
Change the battery, then reset.
电池耗尽。
更换电池，然后复位。
battery_unknown
The battery's state is not known.
Check the battery's connector.
电池状态未知。
检查电池插头。
coil_end
The coil is nearly used up.
End the job here or load another coil.
光缆即将用尽。
在此结束作业或更换线盘。
console_lost
The operator who drives is no longer heard.
Restore the connection, then resume.
失去操作员连接。
恢复连接，然后继续。
loop_stalled
The control loop stood still for more than 200 ms.
Look for what loads the computer, then reset.
控制循环停滞超过200毫秒。
检查计算机负载，然后复位。
log_failed
The log cannot be written; the job goes on without a record.
Free or change the storage before the next job.
日志无法写入，作业继续但无记录。
下次作业前清理或更换存储。
estimate_invalid
The estimate is not a number.
Keep the log, reset, and mount again; report it to the maker.
状态估计无效。
保存日志，复位并重新安装；报告制造商。
wish_garbage
A behaviour asked for something that is not a number.
Keep the log, reset; report it to the maker.
行为模块输出无效数值。
保存日志并复位；报告制造商。
internal_error
The program has failed.
Keep the log, reset; report it to the maker.
程序内部错误。
保存日志并复位；报告制造商。
operator_stop
An operator asked for STOP.
Find out why, then reset.
操作员按下停止。
查明原因，然后复位。
feature_blocked
What lies ahead cannot be crossed.
Look at the picture: say what it is, back off, take over by hand or end the job.
前方障碍无法跨越。
查看图像：指定类型、后退、手动接管或结束作业。
feature_not_seen
What the survey announces is not seen.
Look again, say what is there, take over by hand or end the job.
未看到勘测所示的部件。
再次查看、指定类型、手动接管或结束作业。
crossing_failed
A step of the crossing was not confirmed.
Look at the carriages; resume to plan again, or take over by hand.
跨越步骤未得到确认。
查看小车；继续以重新规划，或手动接管。
retreat_blocked
The robot cannot go back from here.
Resume forward or take over by hand.
机器人无法从此处后退。
向前继续或手动接管。
command_refused
A command was refused in the present state.
Read the reason; it says what stands against it.
当前状态下指令被拒绝。
查看原因，其中说明了障碍。
command_old
A command came too late and was ignored.
Give it again; check the connection if it happens often.
指令到达过迟，已忽略。
重新发出；如经常发生请检查连接。
authority_refused
Another operator holds the authority to drive.
Ask the holder to grant it. STOP is always yours.
其他操作员持有操作权。
请持有者移交。任何人都可按停止。
gate_denied
The gate dropped or clipped part of a command.
-
安全门限制了部分指令。
-
arm_link
Not armed: there is no connection to the bridge board.
Connect the board.
未解锁：未连接桥接板。
连接桥接板。
arm_identity
Not armed: the board's protocol, firmware, configuration or serial number differs.
Connect the right board or load it again.
未解锁：桥接板协议、固件、配置或序列号不同。
连接正确的桥接板或重新写入。
arm_feedback
Not armed: measurements are missing or old.
Check the wire and the sensors.
未解锁：测量数据缺失或过旧。
检查线路和传感器。
arm_estop
Not armed: the emergency stop chain is open.
Close the chain.
未解锁：急停回路断开。
复位急停按钮。
arm_latched
Not armed: the board's stop is still latched.
Reset first.
未解锁：桥接板停止仍锁定。
请先复位。
arm_drive_fault
Not armed: a drive has a fault.
Read the fault of the axis, mend it, then reset.
未解锁：驱动器有故障。
查看该轴故障，排除后复位。
arm_watchdog
Not armed: the board's watchdog is switched off or too slow.
Set it to at most 150 ms and load the configuration again.
未解锁：桥接板看门狗关闭或过慢。
设为不超过150毫秒并重新写入配置。
arm_watchdog_unseen
Not armed: not every drive was seen to stop when commands were withheld.
Run the watchdog test again; mend the drive that goes on.
未解锁：看门狗测试未通过。
重新测试；检修未停止的驱动器。
arm_parameters
Not armed: a parameter is missing or out of its range.
Correct it or load the backup.
未解锁：参数缺失或超出范围。
更正参数或载入备份。
arm_log
Not armed: the log cannot be written.
Free or change the storage.
未解锁：日志无法写入。
清理或更换存储。
arm_battery
Not armed: the battery has no more than the reserve, or is not known.
Change the battery.
未解锁：电池电量不足或未知。
更换电池。
arm_coil
Not armed: the coil is nearly empty.
Load a coil.
未解锁：光缆即将用尽。
更换线盘。
arm_estimate
Not armed: the robot does not know its state yet.
Wait a moment; check the sensors if it lasts.
未解锁：机器人状态尚未确定。
稍候；如持续请检查传感器。
arm_condition
Not armed: something that would stop the robot at once is present.
Mend what the other messages name.
未解锁：存在会立即停机的情况。
按其他提示排除。
power_up
The robot has started.
-
机器人已启动。
-
operator_arm
Armed by the operator.
-
操作员已解锁。
-
operator_disarm
Disarmed by the operator.
-
操作员已上锁。
-
operator_mount
Mounting begun by the operator.
-
操作员开始安装。
-
operator_start
Started by the operator.
-
操作员已启动。
-
operator_hold
Held by the operator.
-
操作员已暂停。
-
operator_resume
Resumed by the operator.
-
操作员已继续。
-
operator_reset
Reset by the operator.
-
操作员已复位。
-
operator_manual
Taken over by hand.
-
操作员手动接管。
-
operator_treat_as
The operator said what a feature is.
-
操作员指定了部件类型。
-
operator_look_again
The operator asked to look again.
-
操作员要求再次查看。
-
operator_back_off
The operator asked to back off.
-
操作员要求后退。
-
operator_end_job
The operator ended the job here.
-
操作员在此结束作业。
-
authority_taken
An operator has taken the authority to drive.
-
操作员已取得操作权。
-
authority_granted
The authority to drive was handed over.
-
操作权已移交。
-
mounted
The robot is mounted.
-
机器人安装完成。
-
lay_begin
The lay begins here.
-
缠绕从此处开始。
-
lay_end
The lay ends here; the job is done.
Clamp the cable, take the robot off.
缠绕在此结束，作业完成。
固定光缆，取下机器人。
crossing_ahead
A crossing begins.
-
开始跨越。
-
crossing_done
The crossing is done.
-
跨越完成。
-
retreated
The robot has gone back.
Look again or say what is ahead, then resume.
机器人已后退。
再次查看或指定前方类型，然后继续。
"""


def _parse(rows: str) -> dict[str, dict[str, tuple[str, str]]]:
    lines = ["" if line == "-" else line for line in rows.strip().splitlines()]
    table: dict[str, dict[str, tuple[str, str]]] = {}
    for name, cause, remedy, cause_zh, remedy_zh in zip(*(lines[i::5] for i in range(5)), strict=True):
        table[name] = {"en": (cause, remedy), "zh": (cause_zh, remedy_zh)}
    return table


TEXTS: Mapping[str, Mapping[str, tuple[str, str]]] = _parse(_ROWS)

_CHOICE_ROWS = """
resume | Go on | 继续
treat_as | Treat as ... | 按指定类型处理
look_again | Removed - look again | 已清除，再次查看
back_off | Back off | 后退
manual | Take over by hand | 手动接管
end_job | End the job here | 在此结束作业
"""

CHOICE_TEXTS: Mapping[str, Mapping[str, str]] = {
    name: {"en": english, "zh": chinese}
    for name, english, chinese in (row.split(" | ") for row in _CHOICE_ROWS.strip().splitlines())
}
