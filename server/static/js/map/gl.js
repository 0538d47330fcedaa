// Points by WebGL2: places and colours lie on the graphics card, and a frame is one call.

const VERTEX = `#version 300 es
layout(location = 0) in vec2 place;
layout(location = 1) in uint kind;
uniform vec4 view;
uniform vec2 sizes;
uniform sampler2D palette;
flat out vec4 colour;
flat out float size;
void main() {
  colour = texelFetch(palette, ivec2(kind, 0), 0);
  gl_Position = vec4((place - view.xy) * view.zw, kind == 13u ? 0.5 : kind == 12u ? 0.2 : 0.0, 1); // grey lies below
  gl_PointSize = size = kind == 13u ? sizes.y : sizes.x;
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
flat in vec4 colour;
flat in float size;
out vec4 drawn;
void main() {
  drawn = colour * clamp((0.5 - length(gl_PointCoord - 0.5)) * size + 0.2, 0.0, 1.0);
}`;

/**
 * Return {most, place, colour, draw} that draws on a canvas, null without WebGL2; `restored()` is called when all that
 * was given is lost and must be given again.
 */
export function gl(canvas, restored) {
  const context = canvas.getContext("webgl2", { antialias: false });
  if (!context) return null;
  let at;

  function begin() {
    const program = context.createProgram();
    for (const [type, source] of [[context.VERTEX_SHADER, VERTEX], [context.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = context.createShader(type);
      context.shaderSource(shader, source);
      context.compileShader(shader);
      context.attachShader(program, shader);
    }
    context.linkProgram(program);
    context.useProgram(program);
    at = { view: context.getUniformLocation(program, "view"), sizes: context.getUniformLocation(program, "sizes"), buffers: [0, 1].map(() => context.createBuffer()) };
    context.bindTexture(context.TEXTURE_2D, context.createTexture());
    context.texParameteri(context.TEXTURE_2D, context.TEXTURE_MIN_FILTER, context.NEAREST);
    for (const flag of [context.BLEND, context.DEPTH_TEST]) context.enable(flag);
    context.blendFunc(context.ONE, context.ONE_MINUS_SRC_ALPHA);
    context.depthFunc(context.LEQUAL);
  }

  const fill = (which, data) => {
    context.bindBuffer(context.ARRAY_BUFFER, at.buffers[which]);
    context.bufferData(context.ARRAY_BUFFER, data, context.STATIC_DRAW);
    context.enableVertexAttribArray(which);
  };
  canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
  canvas.addEventListener("webglcontextrestored", () => { begin(); restored(); });
  begin();
  return {
    most: Infinity,
    end: () => context.getExtension("WEBGL_lose_context")?.loseContext(),
    place(points) {
      fill(0, points);
      context.vertexAttribPointer(0, 2, context.UNSIGNED_SHORT, true, 0, 0);
    },
    colour(kinds, palette) {
      fill(1, kinds);
      context.vertexAttribIPointer(1, 1, context.UNSIGNED_BYTE, 0, 0);
      const faint = palette.map((value, i) => (i % 4 === 3 ? value : value * palette[i | 3] / 255)); // premultiplied
      context.texImage2D(context.TEXTURE_2D, 0, context.RGBA, 256, 1, 0, context.RGBA, context.UNSIGNED_BYTE, faint);
    },
    /** `x`, `y`: the middle, from 0 to 1; `unit`: pixels of the map's width; `sizes` of points and of grey ones. */
    draw({ x, y, unit, sizes, count }) {
      context.viewport(0, 0, canvas.width, canvas.height);
      context.clear(context.COLOR_BUFFER_BIT | context.DEPTH_BUFFER_BIT);
      context.uniform4f(at.view, x, y, 2 * unit / canvas.width, 2 * unit / canvas.height);
      context.uniform2f(at.sizes, ...sizes);
      if (count) context.drawArrays(context.POINTS, 0, count);
    },
  };
}
