"""Made-up policies of an app that doesn't exist, each with a slip that real ones have."""

from __future__ import annotations

import re

from privacydesk.policy.notes import ImportReport
from privacydesk.policy.tree import Passage

TWO_DOCUMENTS = """\
# 青鸟隐私政策
青鸟隐私政策

发布日期： 2020年01月02日
生效日期： 2021年03月04日

阅读提示

青鸟是一个虚构的应用。

第一部分 词语

用户：使用青鸟的人。

第二部分 条文

    您会读到：
    第一条 收集
    第二条 您的选择
    第三条 联系


第一条【收集】

收集分两类：

1、必要的；

2、可选的。

另外说明：

1、甲事；

2、乙事。

一、基础功能

（一）注册
需要手机号。

（二）发帖

帖子会保存。

（二）缓存

图片会缓存。

二、设备权限

（一）甲系统权限

1.相机

用途：拍照

2.麦克风

用途：录音

（2）乙系统权限

1.相册

用途：选图

第二条 【您的选择】

（一）撤回

1.关闭权限

在系统里关闭。

2.撤回同意

a.找到设置

b.点击撤回

3.谁能看见

a.使用名单

备份里的旧数据会另行封存。
（3）
（三）注销帐号
可以自助注销。
以下情形不予办理：
    1.第一种情形；
    2.第二种情形。

第三条 【联系】

邮箱：bird@example.com

争议由双方商量。





青鸟儿童保护声明


发布日期： 2021年03月04日

这里写给监护人。

内容如下

一、收集

二、管理

三、变更

四、联系

一、收集

1.核对年龄。

2.用途如下：

（1）验证；

（2）改进。

二、管理

（一）访问

可以查看。

（二）删除

可以删除。
3、变更

会改写本声明。

1、大的改变；

2、小的改变。

四、联系

写信来。
"""

ENGLISH = """\
Bluebird
Privacy Policy
Last updated: 8 November 2022
Effective Date: November 9, 2022

Contents
1. What we keep
2. What we do
3. Contact

This made-up text is set in lines of a fixed width, which is
what many people do, so two of them are one paragraph.

1. What we keep

1.1 Your account
We keep
1. a name
2. a picture

1.2 Your device
(a) its model;
(b) its system;
3.5 million birds are not a heading.

2. What we do
Section 3 of this text is only mentioned here.
- fly
- nest
  - in trees
- sing

4. Contact
Write to us.
"""

MARKDOWN = """\
# 青鸟隐私政策

**更新日期：2024-01-02**

- [1. 收集](#1)
- [2. 使用](#2)

欢迎。

## 1. 收集

### 1.1 帐号

- 名字
- 头像

  头像可以不填。

1. 甲
1. 乙

### 权限

| 权限 | 用途 |
|------|------|
| 相机 | 拍照 |

---

## 2. 使用

**重要** 的一句。

# 青鸟儿童声明

## 一、年龄

写在这里。
"""

TRADITIONAL = """\
青鳥隱私權政策
生效日期：2023年2月30日
第一條 總則
（一）目的
說明目的。
第二條
1、甲；
2.乙；
3、丙。
①子
②丑
第一條的規定也適用，沒有例外。
第五條 結尾
完。
"""


def by_anchor(report: ImportReport) -> dict[str, Passage]:
    return {p.anchor: p for document in report.documents for p in document.root.walk()}


def filled_lines(source: str) -> set[int]:
    return {
        number
        for number, line in enumerate(re.split(r"\r\n|\r|\n", source), start=1)
        if line.strip().strip("\ufeff\u200b").strip()
    }


def assert_covers(report: ImportReport) -> None:
    """Each filled line is owned by one passage or reported; each text is a slice."""
    owned: list[int] = []
    for document in report.documents:
        for passage in document.root.walk():
            assert passage.text == report.source[passage.start : passage.end]
            assert passage.start <= passage.head_end <= passage.end
            for child in passage.children:
                assert passage.head_end <= child.start
                assert child.end <= passage.end
            if passage.head:
                rows = len(re.split(r"\r\n|\r|\n", passage.head))
                owned.extend(range(passage.line, passage.line + rows))
    reported = [note.line for note in report.unplaced]
    assert sorted([*owned, *reported]) == sorted(filled_lines(report.source))
