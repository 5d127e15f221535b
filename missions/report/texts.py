"""The report's texts, English and Chinese: one row a text."""

from __future__ import annotations

_ROWS = """
title | As-built record | 竣工记录
line | The line and its lay | 线路与缠绕
profile | Line in profile | 线路纵断面
pitch_error | Pitch error of every turn | 每圈节距误差
time | Over time | 随时间变化
mode | Mode | 模式
chainage | Chainage | 里程
speed | Speed | 速度
tension | Cable tension | 光缆张力
roll | Roll | 横滚
chainage_error | Chainage error, estimated minus true | 里程误差（估计减真值）
summary | Summary | 摘要
crossings | Crossings | 跨越
planned | Planned crossings | 跨越计划
unwrapped | Laid straight | 未缠绕段
violations | Promises broken | 违反安全承诺
events | Events | 事件
versions | Made with | 软件版本

outcome | Outcome | 结果
reason | Reason | 原因
began | Began | 开始时间
seed | Seed of the simulation | 仿真种子
conductor | Conductor | 导线
cable | Cable | 光缆
ordered | Ordered lay | 规定缠绕
travelled | Travelled | 行驶距离
wrapped | Wrapped | 缠绕长度
turns | Turns | 圈数
cable_used | Cable used (ideal) | 光缆用量（理想）
pitch_figures | Pitch error p50 / p95 / max | 节距误差 p50 / p95 / 最大
tension_figures | Tension p05 / p95 / max | 张力 p05 / p95 / 最大
in_band | Tension in band | 张力合格率
position_error | Position error p95 / max | 位置误差 p95 / 最大
approach_error | Approach error max | 接近误差最大
in_3sigma | Chainage within 3 sigma | 里程在3σ内
roll_figures | Roll max (while crossing) | 横滚最大（跨越时）
mass | Largest mass | 最大质量
energy | Energy | 能耗
robot_time | Robot time | 机器人用时
interventions | Interventions | 人工干预
violation_count | Promises broken | 违反次数

at | Chainage | 里程
feature | Feature | 部件
duration | Duration | 用时
retries | Retries | 重试
clearance | Least clearance | 最小间距
from | From | 起
to | To | 止
length | Length | 长度
t | Time | 时间
until | until | 至
what | What, and what to do | 事件与处置
rule | Rule | 规则
value | Value (limit) | 值（限值）

completed | completed | 完成
stopped | stopped | 停止
refused | refused | 拒绝
done | done | 完成
held | held | 暂停
river | river | 河流
road | road | 公路
railway | railway | 铁路
houses | houses | 房屋
trees | trees | 树木
loaded | with the robot on it | 机器人在线上时
straight | laid straight | 未缠绕
turn | one turn | 一圈
none | none | 无
cut_off | The log is cut off; this is what it still holds. | 日志不完整；以下为可读部分。
no_summary | No summary: not finished, or not simulated. | 没有摘要：运行未结束，或非仿真。
truth | Curves show the simulated truth. | 曲线为仿真真值。
belief | Curves show what the robot measured. | 曲线为机器人测量值。
"""

TEXTS: dict[str, tuple[str, str]] = {
    key: (english, chinese)
    for key, english, chinese in (
        tuple(part.strip() for part in row.split("|")) for row in _ROWS.splitlines() if row.strip()
    )
}


def english(key: str) -> str:
    return TEXTS[key][0]


def chinese(key: str) -> str:
    return TEXTS[key][1]
